"""Every code is explained by an example that shows what it says."""

import doctest

import pytest

from lossjax.proof.codes import CODES, explain


@pytest.mark.parametrize("code", CODES)
def test_an_example_shows_what_it_claims(code):
    test = doctest.DocTestParser().get_doctest(CODES[code].example, {}, code, None, None)
    said = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert result.failed == 0, "".join(said)
    assert result.attempted > 2


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_theory_example_and_fix_and_fits_a_window(code):
    page = explain(code)
    assert ">>> " in page
    assert "Instead: " in page
    assert CODES[code].title in page
    assert max(map(len, page.splitlines())) <= 88


def test_the_command_line_prints_the_page(lossjax):
    code, out, _ = lossjax("explain", "lj006")
    assert code == 0
    assert out.strip() == explain("LJ006")
