//! What a tool gives back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use crate::protocol::ToolContent as Content;

/// What a tool gives back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ToolOutput {
    /// For eyes and models, in this order.
    pub content: Vec<Content>,
    /// The same as a value, for programs; as the output schema has it.
    pub structured: Option<Value>,
    /// Whether it tells of a failure, in MCP's sense: the tool ran, and the model should read why
    /// it did not work.
    pub is_error: bool,
}

impl ToolOutput {
    /// The most text that a result holds, in bytes. More belongs in a blob.
    pub const MAX_TEXT_BYTES: usize = 4 << 20;

    /// A text.
    #[cfg(test)]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content: vec![Content::Text { text: text.into() }],
            ..Self::default()
        }
    }

    /// A value, also as JSON text for those who read.
    pub fn structured(value: Value) -> Self {
        Self {
            structured: Some(value.clone()),
            content: vec![Content::Json { value }],
            is_error: false,
        }
    }

    /// Cuts text that is over the bound, and says so in its place.
    pub fn bound(&mut self) {
        let mut room = Self::MAX_TEXT_BYTES;
        for content in &mut self.content {
            let Content::Text { text } = content else {
                continue;
            };
            if text.len() > room {
                let cut = text.floor_char_boundary(room);
                let omitted = text.len() - cut;
                text.truncate(cut);
                text.push_str("\n… ");
                text.push_str(&omitted.to_string());
                text.push_str(" bytes left out");
                room = 0;
            } else {
                room -= text.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_text_is_cut_and_says_so() {
        let mut output = ToolOutput::text("é".repeat(ToolOutput::MAX_TEXT_BYTES));
        output.bound();
        let Some(Content::Text { text }) = output.content.first() else {
            panic!("it is text");
        };
        assert!(text.ends_with("bytes left out"));
        assert!(text.len() < ToolOutput::MAX_TEXT_BYTES + 100);
    }
}
