"""The limits of reading a document, in one place. A limit that is reached is a warning; the file itself is kept."""

from __future__ import annotations

SECONDS = 10.0
"""For one document; then the child is killed."""
MEMORY = 256 << 20
"""For the child as a whole."""
XML_BYTES = 32 << 20
"""Of an XML document, on its own or inside a PDF."""
PIPE_BYTES = 64 << 20
"""Of a document that is handed over as bytes; larger ones are handed over as a path."""
TEXT = 100_000
"""Characters of text kept of a PDF."""
PAGES = 20
"""Pages of a PDF whose text is read."""
EMBEDDED_FILES = 100
"""Files inside a PDF that are listed."""
TREE_NODES = 1_000
"""Nodes of the embedded-file tree that are walked."""
XMP_BYTES = 1 << 20
"""Of the metadata of a PDF."""
ANSWER_BYTES = 4 << 20
"""Of what the child may answer."""
