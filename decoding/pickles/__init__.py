"""The pickle machine: opcodes in, inert values out."""
