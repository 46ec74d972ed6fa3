"""What others read of a running watch over HTTP: metrics and health."""
