"""What pages share: the frame, uploads, galleries, charts, the annotator. Pages import this, never each other."""
