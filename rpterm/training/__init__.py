"""From an export to a LoRA adapter for the model in use: trained, converted, and proven the same.

Needs the extra ``train``; torch, transformers, peft, trl and gguf are imported only inside
functions of this room. It knows exports and weights, no chats and no store.
"""
