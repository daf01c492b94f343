"""The Genesys Cloud half: dynamic resources for Pulumi."""
