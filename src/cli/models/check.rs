//! `companion models verify`: whether what there is is whole.

use std::fmt::Write as _;
use std::io;

use serde_json::json;

use super::super::meter::Meter;
use super::super::{Context, rows, stopped_by_signals};
use super::print;
use crate::error::Report;
use crate::models::{Catalogue, Checked, Hasher, Model, Verdict};
use crate::picture::shown_size;

pub(super) fn verify(
    context: &Context,
    catalogue: &Catalogue,
    names: &[String],
    json: bool,
) -> Result<u8, Report> {
    let models: Vec<Model> = if names.is_empty() {
        catalogue.entries().iter().map(Catalogue::examine).collect()
    } else {
        let found = names.iter().map(|name| catalogue.find(name));
        found.collect::<Result<_, _>>()?
    };
    let cancel = stopped_by_signals();
    let mut hasher = Hasher::new(&context.folders.cache, &cancel);
    let total = models.iter().map(|model| model.size_bytes).sum();
    let mut meter = Meter::new(total);
    let mut wrong = 0;
    for model in &models {
        meter.label(&model.name);
        let checked = model.verify(&mut hasher, &mut |count| meter.add(count))?;
        meter.clear();
        wrong += checked.iter().filter(|it| !it.verdict.is_fine()).count();
        if json {
            let lines: String = checked.iter().map(|it| verdict_json(model, it)).collect();
            print(&lines);
        } else {
            print(&verdicts(model, &checked));
        }
    }
    Ok(u8::from(wrong > 0))
}

fn verdict_json(model: &Model, checked: &Checked) -> String {
    let (verdict, problem) = match &checked.verdict {
        Verdict::AsPulled => ("as pulled", None),
        Verdict::WellFormed => ("well-formed", None),
        Verdict::Missing => ("missing", None),
        Verdict::Broken(problem) => ("broken", Some(problem)),
    };
    let line = json!({
        "model": model.name,
        "file": checked.file,
        "verdict": verdict,
        "problem": problem,
        "size_bytes": checked.size_bytes,
        "sha256": checked.sha256,
    });
    format!("{line}\n")
}

fn verdicts(model: &Model, checked: &[Checked]) -> String {
    let columns = rows::columns(&io::stdout());
    let mut table = Vec::new();
    let mut problems = Vec::new();
    for it in checked {
        let word = match &it.verdict {
            Verdict::AsPulled | Verdict::WellFormed => "ok",
            Verdict::Missing => "missing",
            Verdict::Broken(problem) => {
                problems.push((it.file.clone(), problem.clone()));
                "broken"
            }
        };
        let hash = it.sha256.as_deref().and_then(|hash| hash.get(..10));
        table.push(vec![
            format!("  {word}"),
            it.file.clone(),
            it.size_bytes.map_or_else(String::new, shown_size),
            hash.unwrap_or_default().to_owned(),
        ]);
    }
    let mut text = format!("{}\n{}", model.name, rows::table(&table, columns));
    for (file, problem) in problems {
        let row = [("because".to_owned(), format!("{file}: {problem}"))];
        text.push_str(rows::render(&row, columns).trim_start_matches('\n'));
        text.push('\n');
    }
    let count = checked.len();
    let wrong = checked.iter().filter(|it| !it.verdict.is_fine()).count();
    let pulled = checked
        .iter()
        .filter(|it| it.verdict == Verdict::AsPulled)
        .count();
    let sum = match (wrong, pulled) {
        (0, 0) => format!("all {count} files are whole"),
        (0, pulled) if pulled == count => {
            format!("all {count} files are as they came from the hub")
        }
        (0, pulled) => {
            format!("all {count} files are whole, {pulled} of them as they came from the hub")
        }
        (1, _) => "1 file is wrong".to_owned(),
        (wrong, _) => format!("{wrong} files are wrong"),
    };
    let _ = writeln!(text, "  {sum}");
    text
}
