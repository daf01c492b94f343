"""The one place that names the HTTP library, so that it can be changed for another of the same interface."""

import httpx as http

__all__ = ["http"]
