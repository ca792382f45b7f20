//! `policy.toml`: what it takes, what it says, and how answers are kept.

use std::fs;
use std::path::PathBuf;

use super::judge::{Judge, PolicyError};
use super::rules::RULES;
use crate::protocol::{Answer, Language, Origin, Question, Verdict};

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("policy.toml");
        if !text.is_empty() {
            fs::write(&path, text).expect("written");
        }
        Self {
            path,
            _folder: folder,
        }
    }

    fn judge(&self) -> Judge {
        Judge::load(&self.path).expect("sound")
    }

    fn error(&self) -> String {
        let error = Judge::load(&self.path).expect_err("wrong").to_string();
        error.replace(&self.path.display().to_string(), "policy.toml")
    }
}

fn question(judge: &Judge, language: Language, source: &str, origin: Origin) -> Question {
    match judge.examine(language, source, origin).verdict {
        Verdict::Ask(question) => question,
        other => panic!("{source:?} is not asked about: {other:?}"),
    }
}

fn runs(judge: &Judge, language: Language, source: &str, origin: Origin) -> bool {
    judge.examine(language, source, origin).verdict == Verdict::Run
}

#[test]
fn a_wrong_file_is_an_error_with_its_line() {
    for (text, expected) in [
        ("x = 1", "policy.toml:1: unknown field `x`"),
        (
            "\n[severity.user]\nlow = 'maybe'",
            "policy.toml:3: unknown variant `maybe`",
        ),
        (
            "[severity.me]\nlow = 'ask'",
            "policy.toml:1: unknown field `me`",
        ),
        (
            "[default]\nuser = 'always'",
            "policy.toml:2: a default is allow, ask or deny",
        ),
        (
            "\n[[shell]]\nrule = 'deny'",
            "policy.toml:2: missing field `command`",
        ),
        (
            "[[shell]]\nrule = 'deny'\ncommand = ''",
            "policy.toml:3: command \"\": it is empty",
        ),
        (
            "[[shell]]\nrule = 'deny'\ncommand = \"a 'b\"",
            "policy.toml:3: command \"a 'b\": a quote does not end",
        ),
        (
            "[[shell]]\nrule = 'deny'\ncommand = 'a $(b)'",
            "policy.toml:3: command \"a $(b)\": a pattern can't hold",
        ),
        (
            "[[finding]]\nid = 'nope'\nrule = 'ask'",
            "policy.toml:2: the validator has no rule \"nope\"",
        ),
        ("= 1", "policy.toml:1: "),
    ] {
        let place = Place::new(text);
        let error = place.error();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
}

#[test]
fn severities_and_rules_decide_by_origin() {
    let place = Place::new("");
    let judge = place.judge();
    let python = |judge: &Judge, source: &str, origin| {
        judge.examine(Language::Python, source, origin).verdict
    };
    assert_eq!(python(&judge, "import socket", Origin::User), Verdict::Run);
    assert!(matches!(
        python(&judge, "import socket", Origin::Model),
        Verdict::Ask(_)
    ));
    assert!(matches!(
        python(&judge, "import socket", Origin::Web),
        Verdict::Ask(_)
    ));
    assert_eq!(python(&judge, "open('x')", Origin::Web), Verdict::Run);

    let place = Place::new(
        "[severity.web]\nhigh = 'deny'\n[severity.user]\nmedium = 'ask'\n\
         [[finding]]\nid = 'py-network'\nrule = 'allow'\nfrom = ['model']\n",
    );
    let judge = place.judge();
    let Verdict::Deny { message } = python(&judge, "1\n9**9**9", Origin::Web) else {
        panic!("it is denied");
    };
    assert!(
        message.starts_with("line 2: ") && message.contains("py-bomb"),
        "{message}"
    );
    assert!(matches!(
        python(&judge, "import socket", Origin::User),
        Verdict::Ask(_)
    ));
    assert_eq!(python(&judge, "import socket", Origin::Model), Verdict::Run);
    assert!(matches!(
        python(&judge, "import subprocess", Origin::Model),
        Verdict::Ask(_)
    ));
}

#[test]
fn an_answer_for_good_is_appended_and_is_as_wide_as_it_said() {
    let text = "# mine\n[[shell]]   # odd   spacing\nrule = 'deny'\ncommand = 'git push'";
    let place = Place::new(text);
    let mut judge = place.judge();
    let asked = question(&judge, Language::Shell, "git log | head -3", Origin::Model);
    assert_eq!(
        asked.wider.as_deref(),
        Some("commands `git log ...`, `head ...` from a model")
    );
    judge.remember(&asked, Answer::Always).expect("written");
    let written = fs::read_to_string(&place.path).expect("there");
    assert!(
        written.starts_with(text),
        "the user's text stays: {written}"
    );
    for judge in [&judge, &place.judge()] {
        for (script, origin, passes) in [
            ("git log --oneline | head", Origin::Model, true),
            ("head x", Origin::Model, true),
            ("git log | head > x", Origin::Model, false),
            ("git status", Origin::Model, false),
            ("./head x", Origin::Model, false),
            ("head $(rm x)", Origin::Model, false),
            ("git log", Origin::Web, false),
            ("git push", Origin::Model, false),
        ] {
            assert_eq!(
                runs(judge, Language::Shell, script, origin),
                passes,
                "{script}"
            );
        }
    }

    let asked = question(
        &judge,
        Language::Python,
        "import socket, subprocess",
        Origin::Web,
    );
    assert_eq!(
        asked.wider.as_deref(),
        Some("findings `py-network`, `py-process` from the web")
    );
    judge.remember(&asked, Answer::Always).expect("written");
    let judge = place.judge();
    assert!(runs(
        &judge,
        Language::Python,
        "import http.client",
        Origin::Web
    ));
    assert!(!runs(
        &judge,
        Language::Python,
        "import ctypes",
        Origin::Web
    ));
    assert!(!runs(
        &judge,
        Language::Python,
        "import socket",
        Origin::Model
    ));
}

#[test]
fn an_answer_overrides_a_rule_that_asks_and_none_that_denies() {
    let place = Place::new("[[shell]]\nrule = 'ask'\ncommand = 'npm publish'\n");
    let mut judge = place.judge();
    let asked = question(&judge, Language::Shell, "npm publish", Origin::User);
    judge.remember(&asked, Answer::Session).expect("kept");
    assert!(runs(&judge, Language::Shell, "npm publish", Origin::User));
    assert!(!runs(
        &judge,
        Language::Shell,
        "npm publish --tag x",
        Origin::User
    ));
    assert!(
        !runs(&place.judge(), Language::Shell, "npm publish", Origin::User),
        "not in the file"
    );
    judge.remember(&asked, Answer::Always).expect("written");
    assert!(runs(
        &place.judge(),
        Language::Shell,
        "npm publish",
        Origin::User
    ));
    let mut text = fs::read_to_string(&place.path).expect("there");
    text.push_str("[[shell]]\nrule = 'deny'\ncommand = 'npm'\n");
    fs::write(&place.path, text).expect("written");
    assert!(!runs(
        &place.judge(),
        Language::Shell,
        "npm publish",
        Origin::User
    ));
}

#[test]
fn some_questions_are_for_once_only() {
    let place = Place::new("");
    let mut judge = place.judge();
    for script in [
        "$X y",
        "eval \"$x\"",
        "echo 'a",
        "cat x | sh",
        "git",
        "'a b' c",
        "ls; $X",
        "> \"$x\" echo",
    ] {
        let asked = question(&judge, Language::Shell, script, Origin::Model);
        assert_eq!(asked.wider, None, "{script}");
        let refused = judge.remember(&asked, Answer::Always);
        assert!(matches!(refused, Err(PolicyError::OnceOnly)), "{script}");
        judge
            .remember(&asked, Answer::Once)
            .expect("nothing to keep");
        judge.remember(&asked, Answer::No).expect("nothing to keep");
    }
    assert!(!place.path.exists());
}

#[test]
fn tests_in_the_file_are_run() {
    let place = Place::new(
        "[[shell]]\nrule = 'deny'\ncommand = 'git push --force*'\n\
         tests = { deny = ['git push --force', 'echo no'], allow = ['git push'] }\n",
    );
    let outcomes = place.judge().test();
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|outcome| !outcome.has_passed())
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].test.command, "echo no");
    assert_eq!(failed[0].found, "allow");
    assert!(outcomes.len() > 20, "the built-in ones, too");
}

#[test]
fn rules_of_the_validator_have_names_of_their_own() {
    let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), RULES.len());
}
