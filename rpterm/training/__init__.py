"""Trains a LoRA adapter for the model in use from an export, converts it and verifies the
conversion.

Needs the extra ``train``; torch, transformers, peft, trl and gguf are imported only inside
functions of this package. It knows exports and weights, no chats and no store.
"""
