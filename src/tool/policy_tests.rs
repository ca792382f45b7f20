//! `[[rule]]`: what it takes, what it says, and how answers are kept.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::answers::{Decision, Question, Rules, Scope, Width};
use super::policy::Asked;
use super::predicate::Place;
use super::{Annotations, Source, ToolSpec};
use crate::protocol::{CallOrigin, Say};

struct Stage {
    _folder: tempfile::TempDir,
    root: PathBuf,
    path: PathBuf,
    place: Place,
}

impl Stage {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(folder.path()).expect("it is there");
        let project = root.join("project");
        fs::create_dir(&project).expect("made");
        let path = root.join("tools.toml");
        let text = text.replace("ROOT", root.to_str().expect("text"));
        if !text.is_empty() {
            fs::write(&path, text).expect("written");
        }
        let place = Place {
            folder: project.clone(),
            project,
        };
        Self {
            _folder: folder,
            root,
            path,
            place,
        }
    }

    fn rules(&self) -> Rules {
        Rules::load(&self.path).expect("sound")
    }

    fn error(text: &str) -> String {
        let stage = Self::new(text);
        let error = Rules::load(&stage.path).expect_err("wrong").to_string();
        error.replace(&stage.path.display().to_string(), "tools.toml")
    }

    fn say(&self, rules: &Rules, name: &str, origin: CallOrigin, arguments: &Value) -> Say {
        let spec = spec(name);
        rules.ruling(self.asked(&spec, origin, arguments)).say
    }

    fn asked<'a>(
        &'a self,
        spec: &'a ToolSpec,
        origin: CallOrigin,
        arguments: &'a Value,
    ) -> Asked<'a> {
        Asked {
            spec,
            arguments,
            origin,
            place: &self.place,
            is_contained: false,
        }
    }

    fn question(&self, name: &str, origin: CallOrigin, arguments: &Value) -> Question {
        let spec = spec(name);
        let asked = self.asked(&spec, origin, arguments);
        Rules::question(asked, self.rules().ruling(asked))
    }
}

fn spec(name: &str) -> ToolSpec {
    let source = if name.contains('/') {
        Source::Mcp
    } else {
        Source::Builtin
    };
    ToolSpec::new(name, "", json!({ "type": "object" }), source).expect("a name")
}

const USER: CallOrigin = CallOrigin::User;
const MODEL: CallOrigin = CallOrigin::Model;

#[test]
fn a_wrong_file_is_an_error_with_its_line_and_key() {
    for (text, expected) in [
        ("x = 1", "tools.toml:1: x: unknown field `x`"),
        (
            "[default]\nme = 'ask'",
            "tools.toml:2: me: unknown variant `me`",
        ),
        (
            "[default]\nuser = 'always'",
            "tools.toml:2: user: a default is allow, ask or deny",
        ),
        (
            "\n[[rule]]\nrule = 'deny'",
            "tools.toml:2: [[rule]]: missing field `tool`",
        ),
        (
            "[[rule]]\nrule = 'perhaps'\ntool = 'x'",
            "tools.toml:2: rule: unknown variant `perhaps`",
        ),
        (
            "[[rule]]\nrule = 'deny'\ntool = 'a b'",
            "tools.toml:3: tool: tool \"a b\": ",
        ),
        (
            "[[rule]]\nrule = 'deny'\ntool = 'x'\nwhere.url.host = 'http://x'",
            "tools.toml:4: where.url.host: where.url: host: \"http://x\" is no host",
        ),
        (
            "[[rule]]\nrule = 'deny'\ntool = 'x'\nwhere.a.matches = '('",
            "tools.toml:4: where.a.matches: where.a: matches: regex parse error",
        ),
        (
            "[[rule]]\nrule = 'deny'\ntool = 'x'\nwhere.a.smells = 1",
            "tools.toml:4: where.a.smells: unknown field `smells`",
        ),
        (
            "[[rule]]\nrule = 'deny'\ntool = 'x'\narguments = '{'",
            "tools.toml:4: arguments: arguments: EOF",
        ),
        (
            "[[rate]]\ntool = 'x'\ncalls = 0\nper = 'day'",
            "tools.toml:3: calls: ",
        ),
        ("= 1", "tools.toml:1: "),
    ] {
        let error = Stage::error(text);
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
}

#[test]
fn without_a_file_the_user_may_and_others_are_asked() {
    let stage = Stage::new("");
    let rules = stage.rules();
    for (origin, expected) in [
        (USER, Say::Allow),
        (MODEL, Say::Ask),
        (CallOrigin::Sandbox, Say::Ask),
        (CallOrigin::Mcp, Say::Ask),
    ] {
        assert_eq!(
            stage.say(&rules, "x", origin, &json!({})),
            expected,
            "{origin}"
        );
    }
}

#[test]
fn deny_wins_whatever_stands_where() {
    let stage = Stage::new(
        "[[rule]]\nrule = 'deny'\ntool = 'run_*'\nfrom = ['model']\n\
         [[rule]]\nrule = 'always'\ntool = '*'\n\
         [[rule]]\nrule = 'ask'\ntool = 'write'\n\
         [[rule]]\nrule = 'allow'\ntool = 'run_shell'\n",
    );
    let rules = stage.rules();
    let ruling = |name, origin| {
        let spec = spec(name);
        rules.ruling(stage.asked(&spec, origin, &json!({})))
    };
    assert_eq!(ruling("run_shell", MODEL).say, Say::Deny);
    assert_eq!(ruling("run_shell", MODEL).rule, "line 3: deny run_*");
    assert_eq!(ruling("run_shell", USER).say, Say::Always);
    assert_eq!(ruling("write", MODEL).say, Say::Always);
    assert_eq!(ruling("server/run_x", MODEL).say, Say::Always);
}

#[test]
fn paths_are_looked_up_and_links_lead_nowhere_else() {
    let stage = Stage::new(
        "[[rule]]\nrule = 'allow'\ntool = 'write'\nfrom = ['model']\nwhere.path.inside = ['ROOT/data', '.']\n\
         [[rule]]\nrule = 'deny'\ntool = 'write'\nwhere.path.inside = 'ROOT/keys'\n\
         [[rule]]\nrule = 'deny'\ntool = 'read'\nwhere.path.outside = '.'\n",
    );
    let at = |path: &str| stage.root.join(path);
    for folder in ["data/sub", "keys", "elsewhere"] {
        fs::create_dir_all(at(folder)).expect("made");
    }
    symlink(at("elsewhere"), at("data/out")).expect("linked");
    symlink(at("keys"), at("data/keys")).expect("linked");
    symlink(at("nowhere"), at("data/dangling")).expect("linked");
    symlink(at("data"), at("alias")).expect("linked");
    symlink("loop", at("data/loop")).expect("linked");
    let rules = stage.rules();
    let root = stage.root.display();
    let say = |path: &str| {
        let path = path.replace("ROOT", &root.to_string());
        stage.say(&rules, "write", MODEL, &json!({ "path": path }))
    };
    for (path, expected) in [
        ("ROOT/data/new/file", Say::Allow),
        ("ROOT/data/sub/../file", Say::Allow),
        ("file", Say::Allow),
        ("./a/../file", Say::Allow),
        ("ROOT/data", Say::Allow),
        ("ROOT/database", Say::Ask),
        ("ROOT/data/../elsewhere/x", Say::Ask),
        ("../elsewhere/x", Say::Ask),
        ("ROOT/data/out/x", Say::Ask),
        ("ROOT/data/out/../x", Say::Ask),
        ("ROOT/alias/x", Say::Ask),
        ("/etc/passwd", Say::Ask),
        ("ROOT/keys/id", Say::Deny),
        ("ROOT/data/keys/id", Say::Deny),
        ("ROOT/data/../keys/id", Say::Deny),
        ("../keys", Say::Deny),
        // What can't be looked up may be anywhere.
        ("ROOT/data/dangling", Say::Deny),
        ("ROOT/data/loop/x", Say::Deny),
        ("~/x", Say::Deny),
        ("ROOT/data/a\0b", Say::Deny),
    ] {
        assert_eq!(say(path), expected, "{path}");
    }
    let say = |arguments: &Value| stage.say(&rules, "write", MODEL, arguments);
    assert_eq!(say(&json!({ "path": ["a", "b"] })), Say::Allow);
    assert_eq!(say(&json!({ "path": ["a", "/etc/passwd"] })), Say::Ask);
    assert_eq!(
        say(&json!({ "path": ["a", format!("{root}/keys/x")] })),
        Say::Deny
    );
    assert_eq!(say(&json!({ "path": 5 })), Say::Deny, "no path at all");
    assert_eq!(say(&json!({})), Say::Ask);
    let read = |path: &str| stage.say(&rules, "read", USER, &json!({ "path": path }));
    assert_eq!((read("x"), read("/etc/x")), (Say::Allow, Say::Deny));
}

#[test]
fn hosts_sizes_texts_and_values() {
    let stage = Stage::new(
        "[[rule]]\nrule = 'allow'\ntool = 'fetch'\nwhere.url.host = ['example.org', '*.example.com', '10.0.0.1']\n\
         [[rule]]\nrule = 'allow'\ntool = 'put'\nwhere.text.max_bytes = 4\nwhere.mode.is = 'new'\n\
         [[rule]]\nrule = 'deny'\ntool = 'put'\nwhere.text.min_bytes = 10\n\
         [[rule]]\nrule = 'deny'\ntool = 'git'\nwhere.\"/arguments/0\".matches = '^push'\n",
    );
    let rules = stage.rules();
    let say = |name: &str, arguments: Value| stage.say(&rules, name, MODEL, &arguments);
    for (url, expected) in [
        ("https://example.org/x", Say::Allow),
        ("https://EXAMPLE.org./x", Say::Allow),
        ("https://a.b.example.com", Say::Allow),
        ("http://167772161/", Say::Allow),
        ("https://example.com", Say::Ask),
        ("https://example.org.evil.net", Say::Ask),
        ("https://example.org@evil.net", Say::Ask),
        ("https://notexample.org", Say::Ask),
        ("https://evilexample.com", Say::Ask),
        ("example.org", Say::Ask),
        ("file:///example.org", Say::Ask),
    ] {
        assert_eq!(say("fetch", json!({ "url": url })), expected, "{url}");
    }
    assert_eq!(
        say("put", json!({ "text": "1234", "mode": "new" })),
        Say::Allow
    );
    assert_eq!(
        say("put", json!({ "text": "1234", "mode": "old" })),
        Say::Ask
    );
    assert_eq!(
        say("put", json!({ "text": "12345", "mode": "new" })),
        Say::Ask
    );
    assert_eq!(
        say("put", json!({ "text": "1234567890", "mode": "new" })),
        Say::Deny
    );
    assert_eq!(
        say("git", json!({ "arguments": ["push", "-f"] })),
        Say::Deny
    );
    assert_eq!(say("git", json!({ "arguments": ["pull"] })), Say::Ask);
}

#[test]
fn a_foreign_tools_word_is_not_taken() {
    let stage = Stage::new("[[rule]]\nrule = 'allow'\ntool = '*'\nread_only = true\n");
    let rules = stage.rules();
    let say = |name: &str, annotations| {
        let spec = spec(name).with_annotations(annotations);
        rules.ruling(stage.asked(&spec, MODEL, &json!({}))).say
    };
    assert_eq!(say("read", Annotations::READS), Say::Allow);
    assert_eq!(say("write", Annotations::default()), Say::Ask);
    assert_eq!(say("server/read", Annotations::READS), Say::Ask);
}

#[test]
fn an_answer_is_exactly_as_wide_as_it_said() {
    let (one, other) = (json!({ "a": 1 }), json!({ "a": 2 }));
    for (scope, width) in [
        (Scope::Once, Width::Tool),
        (Scope::Session, Width::Arguments),
        (Scope::Session, Width::Tool),
        (Scope::Project, Width::Arguments),
        (Scope::Project, Width::Tool),
        (Scope::Always, Width::Arguments),
        (Scope::Always, Width::Tool),
    ] {
        let mut stage = Stage::new("# mine\n[[rule]]\nrule = 'ask'\ntool = 'x'\n");
        let mut rules = stage.rules();
        let question = stage.question("x", MODEL, &one);
        let decision = Decision::Allow { scope, width };
        rules
            .remember(&question, decision, &stage.place.project)
            .expect("kept");
        let what = format!("{scope:?} {width:?}");
        let passes = |stage: &Stage, rules: &Rules, name: &str, origin, arguments: &Value| {
            stage.say(rules, name, origin, arguments) != Say::Ask
        };
        let kept = scope != Scope::Once;
        let reordered = serde_json::from_str(r#"{"a": 1.0}"#).expect("JSON");
        assert_eq!(passes(&stage, &rules, "x", MODEL, &one), kept, "{what}");
        assert_eq!(
            passes(&stage, &rules, "x", MODEL, &reordered),
            kept,
            "{what}"
        );
        let is_wide = kept && width == Width::Tool;
        assert_eq!(
            passes(&stage, &rules, "x", MODEL, &other),
            is_wide,
            "{what}"
        );
        assert!(
            !passes(&stage, &rules, "x", CallOrigin::Mcp, &one),
            "{what}"
        );
        assert!(!passes(&stage, &rules, "y", MODEL, &one), "{what}");
        let text = fs::read_to_string(&stage.path).expect("read");
        assert!(text.starts_with("# mine\n"), "{text}");
        // Another session, then another project.
        let stays = matches!(scope, Scope::Project | Scope::Always);
        let next = stage.rules();
        assert_eq!(passes(&stage, &next, "x", MODEL, &one), stays, "{what}");
        stage.place.project = stage.root.join("other");
        let everywhere = scope == Scope::Always;
        assert_eq!(
            passes(&stage, &next, "x", MODEL, &one),
            everywhere,
            "{what}"
        );
    }
}

#[test]
fn deny_wins_over_an_answer_and_odd_texts_are_kept_whole() {
    let stage = Stage::new("[[rule]]\nrule = 'deny'\ntool = 'x'\nwhere.a.is = 'no'\n");
    let mut rules = stage.rules();
    let odd = json!({ "a": "it's \"\"\" '''\n\u{1}\\ é", "b": null });
    let question = stage.question("x", MODEL, &odd);
    let decision = Decision::Allow {
        scope: Scope::Always,
        width: Width::Arguments,
    };
    rules
        .remember(&question, decision, &stage.place.project)
        .expect("kept");
    assert_eq!(stage.say(&stage.rules(), "x", MODEL, &odd), Say::Always);
    let wide = Decision::Allow {
        scope: Scope::Session,
        width: Width::Tool,
    };
    rules
        .remember(&question, wide, &stage.place.project)
        .expect("kept");
    assert_eq!(
        stage.say(&rules, "x", MODEL, &json!({ "a": "no" })),
        Say::Deny
    );
}

#[test]
fn a_ruling_is_explained_rule_by_rule() {
    let stage = Stage::new(
        "[[rule]]\nrule = 'allow'\ntool = 'write'\nwhere.path.inside = '/data'\n\
         [[rule]]\nrule = 'deny'\ntool = 'read'\n\
         [[rule]]\nrule = 'ask'\ntool = 'write'\nfrom = ['mcp']\n",
    );
    let (spec, arguments) = (spec("write"), json!({ "path": "/etc/x" }));
    let (considered, ruling) = stage.rules().explain(stage.asked(&spec, MODEL, &arguments));
    let told: Vec<_> = considered
        .iter()
        .map(|one| format!("{}: {}", one.rule, one.why))
        .collect();
    assert_eq!(
        told,
        [
            "line 3: allow write where path is inside /data: not so: path is inside /data",
            "line 7: deny read: the tool is write",
            "line 10: ask write: the call comes from model",
        ]
    );
    assert_eq!(
        (ruling.say, ruling.rule.as_str()),
        (Say::Ask, "the default for model")
    );
}

#[test]
fn a_question_says_what_an_answer_lets_pass() {
    let question = Stage::new("").question("write", MODEL, &json!({ "b": 1, "a": [] }));
    assert_eq!(question.arguments, r#"{"a":[],"b":1}"#);
    assert_eq!(
        question.words(Scope::Once, Width::Tool),
        "this call of write"
    );
    assert_eq!(
        question.words(Scope::Project, Width::Arguments),
        "write with exactly these arguments, called by model, in this project, for good"
    );
}
