"""Runs the reference kernels on drawn layouts and prints the largest errors as JSON.

A program of its own: Triton decides at import whether kernels are interpreted, so the tests start it in a fresh
process with TRITON_INTERPRET=1. Arguments: the repository's root and a device.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import torch

GUARD = 12345.0


def load(root: Path, name: str):
    """A module of ``kernels/``, which is no package."""
    spec = importlib.util.spec_from_file_location(f"kernel_{name}", root / "kernels" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def laid_out(values: torch.Tensor, layout: str) -> torch.Tensor:
    """The same values with other strides."""
    if layout == "transposed" and values.ndim > 1:
        return values.t().contiguous().t()
    if layout == "strided":
        wide = torch.full((*values.shape[:-1], 2 * values.shape[-1]), GUARD).to(values)
        wide[..., ::2] = values
        return wide[..., ::2]
    if layout == "offset":
        longer = torch.cat([values.new_full((3,), GUARD), values.flatten()])
        return longer[3:].view(values.shape)
    if layout == "expanded":
        return values[:1].expand(values.shape)
    return values


LAYOUTS = ("contiguous", "transposed", "strided", "offset", "expanded")
DTYPES = {"float32": torch.float32, "float16": torch.float16}


def draw(shape: tuple[int, ...], dtype: torch.dtype, device: str, seed: int, scale: float = 1.0):
    """Normal values, rounded once."""
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(*shape, generator=generator)).to(device, dtype)


def output(shape: tuple[int, ...], dtype: torch.dtype, device: str):
    """NaN inside a guard: the tensor to fill, and the storage around it."""
    size = torch.Size(shape).numel()
    storage = torch.full((size + 16,), GUARD, device=device, dtype=dtype)
    storage[8 : 8 + size] = torch.nan
    return storage[8 : 8 + size].view(shape), storage


def record(found: dict, key: str, actual, expected, storage, inputs, before) -> None:
    """The largest relative error of a case, and whether anything else was touched."""
    error = ((actual.double() - expected) / expected.abs().clamp(min=1)).abs().max().item()
    guards = torch.cat([storage[:8], storage[-8:]]).eq(torch.tensor(GUARD).to(storage)).all().item()
    intact = all(torch.equal(one, other) for one, other in zip(inputs, before, strict=True))
    found[key] = {"error": error, "guards": guards, "inputs": intact}


def vector_add_cases(root: Path, device: str) -> dict:
    """Sizes around the block size, each layout for each operand."""
    vector_add = load(root, "vector_add").vector_add
    found: dict = {}
    for n in (1, 7, 1023, 1024, 1025, 2500):
        for name, dtype in DTYPES.items():
            for place, layout in enumerate(LAYOUTS):
                x = laid_out(draw((n,), dtype, device, 2 * n), layout)
                y = laid_out(draw((n,), dtype, device, 2 * n + 1), LAYOUTS[place - 1])
                before = (x.clone(), y.clone())
                out, storage = output((n,), dtype, device)
                vector_add(x, y, out=out)
                expected = x.double() + y.double()
                record(found, f"{n} {name} {layout}", out, expected, storage, (x, y), before)
    return found


def rms_norm_cases(root: Path, device: str) -> dict:
    """Sizes of 1 and around powers of two, each layout, values whose squares leave float16."""
    rms_norm = load(root, "rms_norm").rms_norm
    found: dict = {}
    for shape in ((1, 1), (1, 5), (4, 1), (3, 16), (5, 17), (2, 300)):
        for name, dtype in DTYPES.items():
            for place, layout in enumerate(LAYOUTS):
                for eps, scale in ((1e-6, 1.0), (0.5, 300.0)):
                    x = laid_out(draw(shape, dtype, device, 1, scale), layout)
                    weight = laid_out(draw(shape[1:], dtype, device, 2), LAYOUTS[place - 1])
                    before = (x.clone(), weight.clone())
                    out, storage = output(shape, dtype, device)
                    rms_norm(x, weight, eps=eps, out=out)
                    root_mean = (x.double().square().mean(dim=-1, keepdim=True) + eps).sqrt()
                    expected = x.double() / root_mean * weight.double()
                    key = f"{shape} {name} {layout} eps={eps}"
                    record(found, key, out, expected, storage, (x, weight), before)
    return found


def main() -> None:
    """Print all cases of both kernels."""
    root, device = Path(sys.argv[1]), sys.argv[2]
    cases = {"vector_add": vector_add_cases(root, device), "rms_norm": rms_norm_cases(root, device)}
    print(json.dumps(cases))  # the tests read it


if __name__ == "__main__":
    main()
