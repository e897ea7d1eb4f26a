"""Images, and a network of them."""

import pytest
from support.images import images, make_module


@pytest.fixture
def module():
    return make_module()


@pytest.fixture(scope="module")
def X():
    return images()
