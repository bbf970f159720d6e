"""The residual quantiser equals brute force and the engine's implementation."""

from dataclasses import replace

import numpy as np
import torch

from ml.learning.residual_vq import ResidualQuantiser
from ml.learning.settings import Settings
from uiengine.model.codebook import Codebook

TINY = replace(Settings(), memory_keys=2, channels=1, stages=2, codes=4)


def quantiser(latents, settings=TINY):
    made = ResidualQuantiser(settings)
    made.start(latents, seed=0)
    return made.eval()


def test_each_stage_takes_the_nearest_code_of_what_is_left():
    latents = torch.randn(200, 2, generator=torch.Generator().manual_seed(1))
    made = quantiser(latents)
    for latent, tokens in zip(latents, made.tokens(latents), strict=True):
        left = latent
        for stage, token in enumerate(tokens):
            errors = [float((left - code).square().sum()) for code in made.codes[stage]]
            assert int(token) == int(np.argmin(errors))
            left = left - made.codes[stage, token]


def test_more_stages_never_fit_worse_and_gradients_pass_through():
    latents = torch.randn(300, 2, generator=torch.Generator().manual_seed(2))
    made = quantiser(latents)
    errors = []
    for count in range(3):
        out = made(latents, torch.full((300,), count), torch.Generator())
        errors.append(float((latents - out).square().sum()))
    assert errors == sorted(errors, reverse=True)
    free = latents.clone().requires_grad_()
    made(free, torch.full((300,), 2), torch.Generator()).sum().backward()
    assert torch.equal(free.grad, torch.ones_like(free))


def test_unused_codes_expire():
    latents = torch.randn(200, 2, generator=torch.Generator().manual_seed(3))
    made = quantiser(latents)
    made.codes[0, 3] = 100.0
    made.expire(latents.clone(), least=1)
    assert made.codes_in_use[0] == 3
    assert all(
        len(made.tokens(latents)[:, s].unique()) == n for s, n in enumerate(made.codes_in_use)
    )


def test_growth_adds_at_most_the_cap_and_only_where_it_pays():
    latents = torch.randn(400, 2, generator=torch.Generator().manual_seed(4))
    made = quantiser(latents, replace(TINY, codes=40, growth=0.05))
    before = list(made.codes_in_use)
    made.grow(latents, 0.05)
    assert all(
        b <= n <= b + np.ceil(b * 0.05) for b, n in zip(before, made.codes_in_use, strict=True)
    )
    exact = ResidualQuantiser(TINY)
    exact.codes_in_use = [2, 1]
    exact.codes[0, :2] = latents[:2]
    exact.grow(latents[:2].repeat(50, 1), 0.5)
    assert exact.codes_in_use == [2, 1]


def test_engine_and_training_choose_the_same_tokens():
    latents = torch.randn(100, 2, generator=torch.Generator().manual_seed(5))
    made = quantiser(latents)
    book = Codebook(made.codes.numpy(), tuple(made.codes_in_use), 2.0, 1.0, 0.0)
    tokens = book.encode(latents.numpy(), [2] * 100)
    wanted = made.tokens(latents)
    for mine, theirs in zip(tokens, wanted, strict=True):
        assert mine == tuple(theirs.tolist())[: len(mine)]
    decoded = book.decode(tokens)
    errors = np.square(latents.numpy() - decoded).sum(axis=1) / 2
    np.testing.assert_allclose(book.distortion(latents.numpy(), decoded), errors, rtol=1e-4)


def test_a_token_is_spent_only_where_it_pays():
    codes = np.zeros((2, 2, 1), dtype=np.float32)
    codes[0, :, 0], codes[1, :, 0] = (0.0, 10.0), (0.0, 1.0)
    latents = np.array([[10.0], [11.0]], dtype=np.float32)
    book = Codebook(codes, (2, 2), 1.0, seconds_per_error=0.1, seconds_per_bit=0.01)
    assert book.encode(latents, [2, 2]) == [(1,), (1, 1)]
    assert book.encode(latents, [1, 1]) == [(1,), (1,)]
    dear = Codebook(codes, (2, 2), 1.0, seconds_per_error=0.1, seconds_per_bit=0.02)
    assert dear.encode(latents, [2, 2]) == [(1,), (1,)]


@torch.no_grad()
def test_prefixes_are_what_a_number_of_stages_gives():
    latents = torch.randn(300, 2, generator=torch.Generator().manual_seed(5))
    made = quantiser(latents)

    found = list(made.prefixes(latents))

    assert len(found) == made.settings.stages + 1
    for count, coded in enumerate(found):
        stages = torch.full((len(latents),), count)
        assert torch.equal(coded, made(latents, stages, torch.Generator()))


def test_a_held_first_stage_gets_no_new_codes_and_later_ones_do():
    """People's first tokens stay; what is new is said by the tokens after them."""
    quantiser = ResidualQuantiser(replace(Settings(), stages=2, codes=8, memory_keys=1))
    quantiser.codes[0, :2] = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    quantiser.codes[1, :2] = torch.tensor([[0.0, 0.0], [0.1, 0.0]])
    quantiser.codes_in_use = [2, 2]
    latents = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 4.0], [10.0, 4.0]]).repeat(50, 1)
    quantiser.hold()

    quantiser.grow(latents, 0.5)

    assert quantiser.codes_in_use == [2, 3]
