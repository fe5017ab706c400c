from itertools import product

from spag4d.contradictions import check_combination
from spag4d.presets import CHOICES, choices_for_page
from spag4d.settings import Settings


def test_every_combination_of_answers_can_be_converted_with() -> None:
    for answers in product(*(choice.answers for choice in CHOICES)):
        check_combination(Settings.of(**{name: value for answer in answers for name, value in answer.settings.items()}))


def test_no_two_choices_set_the_same_setting() -> None:
    names = [name for choice in CHOICES for name in choice.names]
    assert len(names) == len(set(names))


def test_each_choice_has_one_default_and_no_answer_twice() -> None:
    usual = Settings().model_dump()
    for choice in CHOICES:
        filled = [{name: answer.settings.get(name, usual[name]) for name in choice.names} for answer in choice.answers]
        assert sum(not answer.settings for answer in choice.answers) == 1
        assert all(filled.count(one) == 1 for one in filled)


def test_the_page_is_told_which_settings_a_choice_owns() -> None:
    quality = choices_for_page()[0]
    assert quality["names"] == ["stride"]
    assert quality["answers"][1] == {"label": "Good", "help": "As fine as a screen shows it.", "settings": {}}
