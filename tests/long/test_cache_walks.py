"""The same walks as in ``tests/service/test_cache_model.py``, until it is enough.

Each run goes other ways. One that meets a harm names the walk, to be walked again:
``tests.support.cache_walk.walk(seed, steps)``.
"""

from collections import Counter
from random import SystemRandom

from lookup.bar import bar_of
from tests.support.cache_walk import walk

OPERATIONS = 30_000_000


def test_thirty_million_operations_of_the_cache_do_no_harm(capsys):
    answered, operations, seed = Counter(), 0, SystemRandom().randrange(10**9)
    with capsys.disabled(), bar_of("operations", OPERATIONS) as moved_to:
        while operations < OPERATIONS:
            world = walk(seed)
            answered += world.answered
            operations += world.operations
            seed += 1
            moved_to(operations)

    assert answered.keys() == {"memory", "redis", "population", "stale", "none"}
