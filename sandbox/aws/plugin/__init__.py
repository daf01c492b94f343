"""`pulumi-resource-aws` for machines that can't have the real one: the types this project uses, against the sandbox.

Where it is silent it does what pulumi-aws 7.51.1 does; `types/` says for each type what that is.
"""
