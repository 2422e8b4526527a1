"""What a Keras network looks at, in a process of its own, since it loads TensorFlow."""
