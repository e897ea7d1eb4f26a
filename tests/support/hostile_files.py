"""Saved files, changed in one place each, with a checksum that is right: what a hostile writer can make of them."""

import hashlib
import json
from copy import deepcopy

import numpy as np
import torch
from safetensors.torch import load_file, safe_open, save_file

HEADER, CHECKSUM = "agop_tabular", "checksum"

DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8", torch.bool: "BOOL"}

DEEP = json.loads("[" * 500 + "]" * 500)

VALUES = [None, True, False, -1, 0, 1, 2, 1.5, 10**9, 10**30, 1e308, float("nan"), float("inf"), "", "x", "9", [], {}]
VALUES += [[1], ["x"], [[]], {"a": 1}, DEEP, "é" * 300, "meta", "cuda:77", "<U100000000", "agop-local", "diagonal"]
"""What parts of the header are replaced by."""

NUMBERS = [float("nan"), float("inf"), -float("inf"), -1.0, 0.0, 1.0, 0.5, 1e-300, 1e30, 1e99, 1e300, 1e308]
"""What numbers in tensors are replaced by."""

WHOLE = [-(2**63), -1, 0, 1, 2, 3, 1000, 10**9, 2**62, 2**63 - 1]


def read(path):
    """Header as JSON, and tensors, of a file."""
    with safe_open(path, framework="pt") as file:
        text = file.metadata()[HEADER]
    return json.loads(text), {name: t.clone() for name, t in load_file(path).items()}  # which may map the file


def write(path, state, tensors):
    """A file with its checksum, by the rule of the format that the header names."""
    text = state if isinstance(state, str) else json.dumps(state)
    version = state.get("format") if isinstance(state, dict) else 6
    digest = hashlib.sha256(text.encode())
    whole = not (isinstance(version, int) and version < 6)
    if whole:
        shapes = {name: (DTYPES.get(t.dtype, str(t.dtype)), tuple(t.shape)) for name, t in tensors.items()}
        digest.update(json.dumps(sorted(shapes.items())).encode())
    for name in sorted(tensors):
        digest.update(b"" if whole else name.encode())
        digest.update(bytes(tensors[name].contiguous().reshape(-1).view(torch.uint8).tolist()))
    save_file(
        {k: t.contiguous() for k, t in tensors.items()}, path, metadata={HEADER: text, CHECKSUM: digest.hexdigest()}
    )


def header_changes(state):
    """Names and changed headers."""
    for place in _places(state):
        name = ".".join(map(str, place))
        for value in VALUES:
            yield f"{name} = {str(value)[:30]!r}", _replaced(state, place, value)
        if isinstance(_at(state, place[:-1]), dict):
            yield f"{name} missing", _replaced(state, place, None, delete=True)
        here = _at(state, place)
        if isinstance(here, list) and here:
            yield f"{name} longer", _replaced(state, place, [*here, here[0]])
            yield f"{name} shorter", _replaced(state, place, here[1:])
            yield f"{name} reversed", _replaced(state, place, here[::-1])
        if isinstance(here, dict):
            yield f"{name} with more", _replaced(state, place, here | {"more": 1})
            yield f"{name} with a member", _replaced(state, place, here | {"999999999.kind": "plain"})
    yield "more", state | {"more": 1}
    for text in ("", "null", "[]", "{", "1", "[" * 100_000, '{"a":' * 100_000, "1" * 5000, '"x"'):
        yield f"text {text[:10]!r}", text


def _places(part, at=()):
    """Paths to all parts of JSON; of a long list the first and the last item only."""
    if at:
        yield at
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _places(value, (*at, key))
    elif isinstance(part, list):
        for i in sorted({0, len(part) - 1} & set(range(len(part)))):
            yield from _places(part[i], (*at, i))


def _at(part, place):
    for key in place:
        part = part[key]
    return part


def _replaced(state, place, value, *, delete=False):
    state = deepcopy(state)
    parent = _at(state, place[:-1])
    if delete:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return state


def tensor_changes(tensors):
    """Names and changed tensors."""
    for name, tensor in tensors.items():
        for how, changed in _changes(tensor):
            yield f"{name} {how}", tensors | {name: changed}
        yield f"{name} missing", {k: t for k, t in tensors.items() if k != name}
        yield f"{name} doubled", tensors | {f"{name}_again": tensor.clone()}
    yield "more", tensors | {"more": torch.zeros(3)}
    yield "adapter more", tensors | {"adapter_999999999.kept": torch.zeros(3)}
    yield "adapter deep", tensors | {"adapter_" + "0." * 3000 + "kept": torch.zeros(3)}
    yield "adapter odd", tensors | {"adapter_x.y": torch.zeros(3)}


def _changes(tensor):
    """Changed versions of one tensor."""
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.int32, torch.bool, torch.complex64):
        if dtype is not tensor.dtype:
            yield f"as {dtype}", tensor.to(dtype)
    if tensor.dtype.itemsize == 8:
        other = torch.int64 if tensor.is_floating_point() else torch.float64
        yield "read as another dtype", tensor.view(other)
    yield "flat", tensor.reshape(-1)
    yield "with an axis", tensor[None]
    yield "empty", tensor.reshape(-1)[:0]
    if tensor.ndim:
        yield "longer", torch.cat((tensor, tensor[:1])) if len(tensor) else torch.zeros(3, dtype=tensor.dtype)
        yield "shorter", tensor[:-1]
        yield "reversed", tensor.flip(0)
        yield "zero rows", tensor[:0]
    if tensor.ndim > 1:
        yield "transposed", tensor.transpose(0, 1)
        yield "wider", torch.cat((tensor, tensor[:, :1]), dim=1)
        yield "narrower", tensor[:, :-1]
    yield from _other_values(tensor)


def _other_values(tensor):
    if tensor.dtype is torch.bool:
        yield "not", ~tensor
        yield "true", torch.ones_like(tensor)
        yield "false", torch.zeros_like(tensor)
        return
    for value in NUMBERS if tensor.is_floating_point() else WHOLE:
        if not tensor.is_floating_point():
            value %= 256 if tensor.dtype is torch.uint8 else 2**64
            value -= 2**64 if value >= 2**63 else 0
        elif torch.tensor(value, dtype=torch.float64).to(tensor.dtype).isinf() != np.isinf(value):
            continue
        yield f"all {value}", torch.full_like(tensor, value)
        for i in {0, tensor.numel() // 2, tensor.numel() - 1} if tensor.numel() else ():
            one = tensor.clone()
            one.view(-1)[i] = value
            yield f"[{i}] = {value}", one
    if tensor.is_floating_point():
        yield "negative", -tensor
        yield "times 1e60", tensor * 1e60
        yield "times 1e-60", tensor * 1e-60
