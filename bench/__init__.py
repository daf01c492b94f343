"""How long it takes, as ratios against an empty Pulumi program in the same run."""
