from __future__ import annotations

import pytest


def test_ridge_point_is_where_both_times_are_equal(reference):
    intensity = reference("roofline").ridge_point(989e12, 3.35e12)
    flops, moved = intensity * 1e9, 1e9
    assert flops / 989e12 == pytest.approx(moved / 3.35e12, rel=1e-12)
    assert intensity == pytest.approx(295.2238805970149, rel=1e-12)


@pytest.mark.parametrize(("batch", "size", "expected"), [(1, 2, 1.0), (8, 2, 8.0), (1, 4, 0.5)])
def test_decode_counts_two_flops_per_weight_and_token(reference, batch, size, expected):
    assert reference("roofline").decode_intensity(batch, 4096, 11008, size) == expected


def test_prefill_of_one_token_is_decoding(reference):
    roofline = reference("roofline")
    assert roofline.prefill_intensity(3, 1, 640, 100, 2) == roofline.decode_intensity(
        3, 640, 100, 2
    )


def test_prefill_reuses_weights_for_every_token(reference):
    assert reference("roofline").prefill_intensity(1, 2048, 4096, 4096, 2) == 2048.0


def test_two_passes_over_a_row(reference):
    assert reference("roofline").two_pass_norm_bytes(4096, 2) == 2 * 4096 * 2


@pytest.mark.parametrize("name", ["roofline", "accounting", "tokenization"])
def test_arithmetic_references_import_no_torch(reference, name):
    source = reference(name).__spec__.loader.get_source(reference(name).__name__)
    assert "torch" not in source.replace("no tensors", "")
