"""What is hidden stays hidden, whatever stands around it: made-up logs with planted secrets."""

import json
import string

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.saf.fabric.plugins.plugin_utils.collect import archive, received
from ansible_collections.saf.fabric.plugins.plugin_utils.collect.redaction import literals_of, redact, structure

LETTERS = string.ascii_letters + string.digits
SECRETS = st.text(LETTERS, min_size=12, max_size=40).map("Zq7".__add__)
NOISE = st.text(st.characters(codec="utf-8", exclude_characters="Z"), max_size=80)
FORMS = st.sampled_from(
    [
        "password={}",
        "password: {}",
        '"password": "{}"',
        '{{\\"auth_token\\": \\"{}\\"}}',
        "--redis-password={}",
        "--token {}",
        "API_KEY='{}'",
        "http://user:{}@host/x",
        "ftp://{}@host",
        "Authorization: Bearer {}",
        "hf_Zq7Zq7Zq7Zq7Zq7{}",
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{}",
        "$6$salt$x{}abcdefgh",
    ]
)


@given(before=NOISE, secret=SECRETS, form=FORMS, after=NOISE)
def test_no_form_of_a_secret_survives_on_a_line_of_its_own(before, secret, form, after):
    assert secret not in redact(f"{before}\n{form.format(secret)}\n{after}")


@given(before=NOISE, secret=st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=6, max_size=30), after=NOISE)
def test_a_known_secret_survives_nowhere(before, secret, after):
    literals = literals_of([{"ansible_password": secret}])
    for known in literals:
        assert known not in redact(f"{before}{known}{after}", literals)


@given(text=st.lists(st.one_of(NOISE, FORMS.map(lambda form: form.format("Zq7abcdefghijkl"))), max_size=6).map("\n".join))
def test_redaction_of_what_is_redacted_changes_nothing(text):
    once = redact(text)
    assert redact(once) == once


@given(st.recursive(st.none() | st.booleans() | st.integers() | NOISE, lambda one: st.lists(one) | st.dictionaries(NOISE, one)))
def test_a_redacted_document_is_json_of_the_same_shape(value):
    safe = structure(value)
    assert json.loads(json.dumps(safe)) == safe
    assert type(safe) is type(value)


@given(text=st.text(), most=st.integers(-5, 200))
def test_a_cut_text_is_its_end_within_the_bound(text, most):
    data = text.encode("utf-8", "replace").decode()
    kept, left_out = received.newest(data, most)
    assert len(kept.encode()) <= max(0, most) or not left_out
    assert data.endswith(kept)
    assert len(kept.encode()) + left_out == len(data.encode())


@given(name=st.text(st.characters(codec="utf-8"), min_size=1))
def test_no_name_of_a_node_leads_out_of_the_archive(name):
    assert archive.is_safe(received.folder_of(name))
