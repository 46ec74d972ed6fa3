"""What `reconciler top` draws on a whole terminal: it looks, and changes nothing."""
