"""What hypothesis makes up: values that a program may hand over, fit and unfit."""

from typing import Any

from hypothesis import strategies as st

from genesys_provider.lifecycle import mark

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


def owned(props: dict[str, Any], owner: str, mark_in: str = "description") -> dict[str, Any]:
    """The properties as the Resource hands them over, with the mark behind the description."""
    text = props.get(mark_in)
    described = {mark_in: f"{text or ''} {mark(owner)}".strip()} if isinstance(text, str | None) else {}
    return {**props, **described, "owner": owner}


def with_one_of_any_kind(
    props: st.SearchStrategy[dict[str, Any]], fields: list[str]
) -> st.SearchStrategy[dict[str, Any]]:
    """The properties, in half of the cases with any JSON value at all for one of the fields."""
    odd = st.builds(lambda good, field, value: {**good, field: value}, props, st.sampled_from(fields), json_values)
    return props | odd
