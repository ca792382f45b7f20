//! `companion doctor`

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::Context;
use crate::doctor::{self, Finding, Grade};
use crate::mcp::client;
use crate::tui;

/// Tells what works here, what is degraded, and what to do about it.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// One JSON object a line: section, name, grade, detail
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Ends with 1 if something that companion needs is broken.
    pub fn start(&self, context: &Context) -> u8 {
        let mut findings = doctor::examine(&context.folders, &context.config);
        findings.extend(servers(&context.folders.mcp_file()));
        findings.extend(tui::examine_terminal(context.config.graphics));
        let mut out = io::stdout().lock();
        let colours = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let written = if self.json {
            findings
                .iter()
                .try_for_each(|finding| writeln!(out, "{}", as_json(finding)))
        } else {
            write!(out, "{}", doctor::render(&findings, colours))
        };
        if written.is_err() {
            return 0;
        }
        u8::from(
            findings
                .iter()
                .any(|finding| finding.grade == Grade::Broken),
        )
    }
}

/// The MCP servers that are configured; none is started.
fn servers(path: &Path) -> Option<Finding> {
    let finding = |grade, detail: String| Finding::new("tools", "mcp.json", grade, detail);
    let (names, problems) = match client::configured(path) {
        Ok(found) => found,
        Err(error) => return Some(finding(Grade::Degraded, error.to_string())),
    };
    let names = names.join(", ");
    match problems.as_slice() {
        [] if names.is_empty() => None,
        [] => Some(finding(Grade::Good, names)),
        problems => {
            let mut all = problems.to_vec();
            all.insert(0, names);
            Some(finding(Grade::Degraded, all.join("; ")))
        }
    }
}

fn as_json(finding: &Finding) -> String {
    json!({
        "section": finding.section,
        "name": finding.name,
        "grade": finding.grade.word(),
        "detail": finding.detail,
    })
    .to_string()
}
