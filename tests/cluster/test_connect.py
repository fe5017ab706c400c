import importlib.util
from typing import Any

import pytest

from spag4d.cluster import connect
from spag4d.cluster.connect import check_cluster, connected
from spag4d.errors import InputError


@pytest.mark.parametrize("text", ["", "here", "ray://head", "head:10001", "ray://head:port"])
def test_what_names_no_cluster_is_refused_with_what_does(text: str) -> None:
    with pytest.raises(InputError, match="auto, local or ray://host:port"):
        check_cluster(text)


@pytest.mark.parametrize(("missing", "cluster"), [("ray", "local"), ("ray", "auto"), ("grpc", "ray://head:10001")])
def test_without_ray_the_message_says_how_to_install_it(missing: str, cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(connect, "find_spec", lambda name: None if name == missing else find(name))
    with pytest.raises(InputError, match=r"pip install 'spag4d\[cluster\]'"), connected(cluster):
        pass


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("cluster", "words"), [("auto", "ray start --head"), ("ray://head:10001", "cannot be used")])
def test_where_there_is_no_cluster_the_message_says_so(cluster: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    def refuse(**how: Any) -> None:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(ray, "init", refuse)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(InputError, match=words), connected(cluster):
        pass
