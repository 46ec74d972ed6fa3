"""The git command as `ports.Repository`: commit, blame and older manifests."""
