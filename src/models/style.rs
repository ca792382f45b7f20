//! Style presets: named texts that wrap a prompt and add to what is not to be seen.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::defaults::{parse_toml, read_toml};
use super::error::{ModelError, is_safe, shown_text};

/// The presets that come with companion.
const BUILT_IN: &str = include_str!("../../models/styles.toml");
/// Where the prompt goes.
const PLACE: &str = "{prompt}";
/// Longer texts would leave the prompt no room.
const MAX_TEXT_BYTES: usize = 4 << 10;

/// One preset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Style {
    /// One line for people.
    #[serde(default)]
    pub summary: String,
    /// What is made of a prompt: `{prompt}` stands for it.
    pub prompt: String,
    /// What is not to be seen.
    #[serde(default)]
    pub negative: String,
}

impl Style {
    /// Wraps a prompt, and adds to what is not to be seen.
    pub fn wrap(&self, prompt: &str, negative: Option<&str>) -> (String, Option<String>) {
        let wrapped = self.prompt.replace(PLACE, prompt.trim());
        let own = negative.map_or("", str::trim);
        let parts = [own, self.negative.trim()];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let negative = (!parts.is_empty()).then(|| parts.join(", "));
        (wrapped, negative)
    }
}

/// The presets by name: those that come with companion, and the user's, which go first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Styles(BTreeMap<String, Style>);

impl Styles {
    /// The built-in presets with those of `styles.toml` in the user's config folder, if it is there.
    ///
    /// # Errors
    /// If that file cannot be read, is not TOML, or a preset in it has no place for the prompt.
    pub fn load(user_file: &Path) -> Result<Self, ModelError> {
        let mut styles = Self::parse(Path::new("models/styles.toml"), BUILT_IN)?;
        if let Some(text) = read_toml(user_file)? {
            styles.0.extend(Self::parse(user_file, &text)?.0);
        }
        Ok(styles)
    }

    /// The preset of this name; spaces and underscores are hyphens.
    ///
    /// # Errors
    /// If there is none: the message lists those that there are.
    pub fn get(&self, name: &str) -> Result<&Style, ModelError> {
        let plain = |name: &str| name.trim().to_lowercase().replace([' ', '_'], "-");
        let wanted = plain(name);
        self.0
            .iter()
            .find(|(known, _)| plain(known) == wanted)
            .map(|(_, style)| style)
            .ok_or_else(|| ModelError::UnknownStyle {
                name: name.to_owned(),
                known: self.0.keys().cloned().collect::<Vec<_>>().join(", "),
            })
    }

    /// Every preset with its name, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Style)> {
        self.0.iter().map(|(name, style)| (name.as_str(), style))
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ModelError> {
        let styles: BTreeMap<String, Style> = parse_toml(path, text)?;
        for (name, style) in &styles {
            let texts = [&style.prompt, &style.negative, &style.summary];
            let problem = if !style.prompt.contains(PLACE) {
                "its prompt has no {prompt} in it"
            } else if texts.iter().any(|text| text.len() > MAX_TEXT_BYTES) {
                "a text of it is longer than 4 KiB"
            } else if name.is_empty() || !name.chars().all(is_safe) {
                "its name can't be typed"
            } else {
                continue;
            };
            return Err(ModelError::Settings {
                path: path.to_owned(),
                line: None,
                message: format!("style {}: {problem}", shown_text(name)),
            });
        }
        Ok(Self(styles))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_user_file(text: &str) -> Result<Styles, ModelError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("styles.toml");
        std::fs::write(&path, text).expect("written");
        Styles::load(&path)
    }

    #[test]
    fn the_built_in_presets_wrap_a_prompt() {
        let styles = Styles::load(Path::new("/nowhere/styles.toml")).expect("ours are right");
        assert!(styles.iter().count() >= 12);
        for (name, style) in styles.iter() {
            let (prompt, negative) = style.wrap(" a red apple ", Some("text"));
            assert!(prompt.contains("a red apple"), "{name}: {prompt}");
            assert!(
                negative.is_some_and(|it| it.starts_with("text, ")),
                "{name}"
            );
            assert!(!style.summary.is_empty(), "{name}");
        }
        assert_eq!(styles.get("Pixel Art").ok(), styles.get("pixel-art").ok());
        let error = styles.get("cubist").expect_err("no such style").to_string();
        assert!(error.contains("watercolor"), "{error}");
    }

    #[test]
    fn users_add_and_replace() {
        let styles = with_user_file("[anime]\nprompt = \"{prompt}, my way\"").expect("right");
        let wrapped = styles.get("anime").expect("there").wrap("a cat", None);
        assert_eq!(wrapped, ("a cat, my way".to_owned(), None));
        assert!(styles.get("sketch").is_ok());
        for (text, said) in [
            ("[x]\nprompt = \"no place\"", "has no {prompt}"),
            ("[x]\nnegative = \"y\"", "missing field `prompt`"),
            (
                "[x]\nprompt = \"{prompt}\"\nnegativ = \"\"",
                "styles.toml:3",
            ),
        ] {
            let error = with_user_file(text).expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
