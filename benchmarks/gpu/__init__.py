"""Study ``gpu``: what fitting and explaining cost on a GPU, beside the processor of the same machine."""
