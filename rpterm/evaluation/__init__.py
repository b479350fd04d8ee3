"""Evaluation of chats and models: reads, scores and judges replies, and compares with people."""
