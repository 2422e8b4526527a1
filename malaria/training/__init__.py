"""Training: data sets, splits, architectures, augmentation, fitting and export. Needs Keras; serving does not."""
