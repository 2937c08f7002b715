"""The language of a text."""

from __future__ import annotations

import pytest

from pipeline.text.languages import two_letters, written_in


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en-US", "en"),
        ("pt_BR", "pt"),
        ("DE", "de"),
        ("nb-NO", "no"),
        ("zh-Hans", "zh"),
        ("iw", "he"),
        ("", None),
        (None, None),
        ("english", None),
        ("x", None),
    ],
)
def test_a_tag_is_read_as_two_letters(tag: str | None, code: str | None) -> None:
    assert two_letters(tag) == code


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The owls have come back to the parks of the city and nobody knows why they stayed away for so long.", "en"),
        ("Die Eulen sind in die Parks der Stadt zurückgekehrt, und niemand weiß, warum sie so lange nicht da waren.", "de"),
        ("Les hiboux sont revenus dans les parcs de la ville et personne ne sait pourquoi ils étaient partis.", "fr"),
        ("Los búhos han vuelto a los parques de la ciudad y nadie sabe por qué se fueron durante tanto tiempo.", "es"),
        ("Sowy wróciły do parków w mieście i nikt nie wie, dlaczego ich tak długo nie było, ale to się zmienia.", "pl"),
        ("Совы вернулись в парки города, и никто не знает, почему их так долго не было, но это хорошо для всех.", "ru"),
        ("Сови повернулися до парків міста, і ніхто не знає, чому їх так довго не було, але це добре для всіх.", "uk"),
        ("Οι κουκουβάγιες επέστρεψαν στα πάρκα της πόλης και κανείς δεν ξέρει γιατί έλειπαν τόσο καιρό.", "el"),
        ("猫头鹰今年冬天回到了城市的公园没有人知道它们为什么离开了这么久,居民们都很高兴看到它们回来了。", "zh"),
        ("フクロウが街の公園に戻ってきましたが、なぜこんなに長い間いなかったのかは誰にもわかりません。みんな喜んでいます。", "ja"),
        ("올빼미들이 도시의 공원으로 돌아왔지만 왜 그렇게 오랫동안 떠나 있었는지는 아무도 모른다고 관리인이 말했다.", "ko"),
        ("عادت البوم إلى حدائق المدينة ولا أحد يعرف لماذا غابت كل هذه المدة الطويلة عن هذا المكان.", "ar"),
    ],
)
def test_a_text_says_what_it_is_written_in(text: str, language: str) -> None:
    assert written_in(text) == language


def test_a_template_that_declares_another_language_is_not_believed() -> None:
    text = "Sowy wróciły do parków w mieście i nikt nie wie, dlaczego ich tak długo nie było, ale to się zmienia."
    assert written_in(text, "en") == "pl"


def test_a_declared_language_stands_where_words_do_not_decide() -> None:
    assert written_in("Kort tekst", "da") is None
    assert written_in("Det er en god dag i byen, og det er ikke til at tro, at den har været så lang for os.", "no") in {"no", "da"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("В Москве от минус 1 до 4 выше ноля. От ноля до плюс 2, в области до 4, а выше до 5 в день. От 1 до 3 во вторые сутки.", "ru"),
        ("В София от минус 1 до 4 над нулата. От нула до плюс 2, в областта до 4, а нагоре до 5 на ден. От 1 до 3 в понеделник.", "bg"),
    ],
)
def test_letters_tell_languages_apart_whose_common_words_are_the_same(text: str, language: str) -> None:
    assert written_in(text) == language


def test_too_little_text_says_nothing() -> None:
    assert written_in("") is None
    assert written_in("12345 67890 !!!") is None


SERBIAN = (
    "Gradsko veće usvojilo je u utorak plan za popravku tri mosta koje je oštetila prolećna poplava. Radovi će početi pre kraja meseca."
)
BOKMAL = "Byrådet vedtok tirsdag en plan for å reparere tre broer som ble skadet i flommen i vår, og arbeidet skal begynne før sommeren."
DANISH = (
    "Byrådet vedtog tirsdag en plan for at reparere tre broer, som blev skadet af oversvømmelsen i foråret, og arbejdet begynder snart."
)
MALAY = "Majlis bandar raya meluluskan pelan untuk membaiki tiga jambatan yang rosak akibat banjir dan kerja akan bermula pada bulan ini."
INDONESIAN = (
    "Dewan kota menyetujui rencana perbaikan tiga jembatan yang rusak akibat banjir dan pekerjaan akan dimulai pada bulan ini juga."
)
AZERBAIJANI = "Şəhər şurası yazda baş verən daşqın zamanı zədələnmiş üç körpünün təmiri planını təsdiq etdi və işlər tezliklə başlayacaq."
ENGLISH = "The city council approved a plan on Tuesday to repair three bridges that were damaged when the river rose in the spring."


@pytest.mark.parametrize(
    ("text", "declared"),
    [(SERBIAN, "sr"), (SERBIAN, "bs"), (BOKMAL, "no"), (DANISH, "da"), (MALAY, "ms"), (INDONESIAN, "id"), (AZERBAIJANI, "az")],
)
def test_of_close_languages_the_declared_one_is_believed(text: str, declared: str) -> None:
    assert written_in(text, declared) == declared


@pytest.mark.parametrize("text", [SERBIAN, BOKMAL, DANISH, MALAY, INDONESIAN, AZERBAIJANI])
def test_english_that_a_template_declares_is_not_believed(text: str) -> None:
    assert written_in(text, "en") not in {"en", None}


def test_a_language_that_the_model_does_not_know_stands_where_a_country_has_it() -> None:
    somali = "Golaha magaalada ayaa Talaadadii ansixiyay qorshe lagu dayactirayo saddex buundo oo ay daadadku waxyeeleeyeen gu'gii hore."
    assert written_in(somali, "so") == "so"
    assert written_in(ENGLISH, "ua") == "en"


def test_half_a_surrogate_pair_does_not_stop_it() -> None:
    assert written_in(ENGLISH + chr(0xD83D), "en") == "en"
    assert written_in(ENGLISH + chr(0xD83D)) == "en"


def test_a_text_that_opens_in_the_declared_language_is_in_it_whatever_it_quotes() -> None:
    opening = "Die Eulen sind in die Parks der Stadt zurückgekehrt, und niemand weiß, warum sie so lange nicht da waren. " * 3
    quoted = "The owls have come back to the parks of the city and nobody knows why they stayed away for so long. " * 8
    assert written_in(f"{opening}{quoted}") == "en"
    assert written_in(f"{opening}{quoted}", "de") == "de"
    assert written_in(quoted, "de") == "en"
