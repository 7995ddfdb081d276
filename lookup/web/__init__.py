"""HTTP in and out: the only package that knows status codes and JSON names."""
