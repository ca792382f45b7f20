//! Themes from TOML.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::{ROLES, role_of};
use super::{ColorDepth, Role, Theme};

/// The themes that are compiled in, the default first.
static BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("ansi", include_str!("../../../themes/ansi.toml")),
    ("ember", include_str!("../../../themes/ember.toml")),
    ("beacon", include_str!("../../../themes/beacon.toml")),
];

/// A file that is larger is no theme.
const FILE_BYTES: u64 = 256 << 10;

/// Why there is no theme.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ThemeError {
    /// Nobody knows it.
    #[error("no theme is called {name:?}; there are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A user's file can't be read.
    #[error("the theme {} can't be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A user's file is too large to be a theme.
    #[error("{} is too large for a theme: {size_bytes} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How large.
        size_bytes: u64,
    },
    /// A place in a file is wrong.
    #[error("{file}:{line}: {message}")]
    Invalid {
        /// The file, or `name (built in)`.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// A theme inherits from itself.
    #[error("themes inherit in a circle: {}", names.join(" → "))]
    Cycle {
        /// The circle, with its first name again at the end.
        names: Vec<String>,
    },
}

impl Theme {
    /// Loads a theme: from `<user_dir>/<name>.toml` if that exists, or the one that is compiled
    /// in. With it come warnings: keys that mean nothing.
    ///
    /// # Errors
    /// When nobody knows the name, or a file is wrong.
    pub fn load(name: &str, user_dir: Option<&Path>) -> Result<(Self, Vec<String>), ThemeError> {
        let mut chain: Vec<Layer> = Vec::new();
        let mut next = Source::find(name, user_dir)?;
        loop {
            let layer = Layer::read(&next)?;
            let inherits = layer.inherits.clone();
            chain.push(layer);
            let Some((parent, at)) = inherits else { break };
            // A user's `dark` may build upon the `dark` that it replaces.
            let parent_source = if parent == next.name && next.path.is_some() {
                Source::built_in(&parent)
            } else {
                Source::find(&parent, user_dir).ok()
            };
            next = parent_source.ok_or_else(|| {
                let known = names(user_dir).join(", ");
                chain[chain.len() - 1].invalid(
                    &at,
                    format!("inherits from {parent:?}, which there is not; there are {known}"),
                )
            })?;
            if let Some(first) = chain.iter().position(|layer| layer.file == next.file()) {
                let circle = chain[first..].iter().map(|layer| layer.name.clone());
                return Err(ThemeError::Cycle {
                    names: circle.chain([next.name]).collect(),
                });
            }
        }
        let mut palette = BTreeMap::new();
        for layer in chain.iter().rev() {
            palette.extend(
                layer
                    .palette
                    .iter()
                    .map(|(name, color)| (name.as_str(), *color)),
            );
        }
        let mut theme = Self {
            name: name.to_owned(),
            styles: BTreeMap::new(),
            background: None,
            paints_background: false,
            depth: Some(ColorDepth::Truecolor),
        };
        let mut warnings = Vec::new();
        for layer in chain.iter().rev() {
            layer.apply(&mut theme, &palette, &mut warnings)?;
        }
        Ok((theme, warnings))
    }
}

/// The themes that there are: those compiled in, and then the user's own.
pub(crate) fn names(user_dir: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let files = user_dir.and_then(|dir| std::fs::read_dir(dir).ok());
    let mut own: Vec<String> = files
        .into_iter()
        .flatten()
        .filter_map(|file| {
            let path = file.ok()?.path();
            let name = path.file_stem()?.to_str()?;
            let is_new = is_name(name) && !names.iter().any(|known| known == name);
            (path.extension()? == "toml" && is_new).then(|| name.to_owned())
        })
        .collect();
    own.sort_unstable();
    names.append(&mut own);
    names
}

/// A name that can be a file's and nothing else: no path leads out of the folder.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Where a theme's text comes from.
struct Source {
    name: String,
    /// The user's file; none is the text that is compiled in.
    path: Option<PathBuf>,
}

impl Source {
    fn find(name: &str, user_dir: Option<&Path>) -> Result<Self, ThemeError> {
        let path = user_dir
            .filter(|_| is_name(name))
            .map(|dir| dir.join(format!("{name}.toml")))
            .filter(|path| path.is_file());
        if path.is_some() {
            let name = name.to_owned();
            return Ok(Self { name, path });
        }
        Self::built_in(name).ok_or_else(|| ThemeError::Unknown {
            name: name.to_owned(),
            known: names(user_dir),
        })
    }

    fn built_in(name: &str) -> Option<Self> {
        let is_known = BUILT_IN.iter().any(|(known, _)| *known == name);
        is_known.then(|| Self {
            name: name.to_owned(),
            path: None,
        })
    }

    fn file(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => format!("{} (built in)", self.name),
        }
    }

    fn text(&self) -> Result<String, ThemeError> {
        let Some(path) = &self.path else {
            let built_in = BUILT_IN.iter().find(|(known, _)| *known == self.name);
            return Ok(built_in.map_or_else(String::new, |(_, text)| (*text).to_owned()));
        };
        let read = |source| ThemeError::Read {
            path: path.clone(),
            source,
        };
        let size_bytes = std::fs::metadata(path).map_err(read)?.len();
        if size_bytes > FILE_BYTES {
            let path = path.clone();
            return Err(ThemeError::TooLarge { path, size_bytes });
        }
        std::fs::read_to_string(path).map_err(read)
    }
}

/// A value of a theme that can't be judged before every palette is known.
enum Value {
    /// The name of a colour, or a number.
    Color(String),
    Style {
        foreground: Option<(String, Range<usize>)>,
        background: Option<(String, Range<usize>)>,
        modifiers: Modifier,
    },
}

/// One file, taken apart.
struct Layer {
    name: String,
    file: String,
    text: String,
    inherits: Option<(String, Range<usize>)>,
    palette: Vec<(String, Color)>,
    background: Option<(String, Range<usize>)>,
    paints_background: Option<bool>,
    values: Vec<(Role, Value, Range<usize>)>,
    warnings: Vec<String>,
}

impl Layer {
    fn read(source: &Source) -> Result<Self, ThemeError> {
        let text = source.text()?;
        let mut layer = Self {
            name: source.name.clone(),
            file: source.file(),
            text: String::new(),
            inherits: None,
            palette: Vec::new(),
            background: None,
            paints_background: None,
            values: Vec::new(),
            warnings: Vec::new(),
        };
        layer.text.clone_from(&text);
        let document = DeTable::parse(&text).map_err(|error| {
            let at = error.span().unwrap_or_default();
            layer.invalid(&at, error.message().to_owned())
        })?;
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "inherits" => layer.inherits = Some(layer.string("inherits", value)?),
                "background" => layer.background = Some(layer.color_name("background", value)?),
                "paint-background" => {
                    let paints = value.get_ref().as_bool().ok_or_else(|| {
                        layer.invalid(&value.span(), "paint-background is true or false".into())
                    })?;
                    layer.paints_background = Some(paints);
                }
                "palette" => layer.read_palette(value)?,
                key => layer.read_value(key, value)?,
            }
        }
        Ok(layer)
    }

    fn read_palette(&mut self, value: &Spanned<DeValue<'_>>) -> Result<(), ThemeError> {
        let table = value.get_ref().as_table().ok_or_else(|| {
            self.invalid(
                &value.span(),
                "palette is a table of names and colours".into(),
            )
        })?;
        for (name, value) in table {
            let (text, at) = self.color_name(name.get_ref(), value)?;
            let color = parse_color(&text)
                .ok_or_else(|| self.invalid(&at, format!("{text:?} is no colour; {COLOR_HELP}")))?;
            self.palette.push((name.get_ref().to_string(), color));
        }
        Ok(())
    }

    /// `ui.text = …`, `"ui.text" = …` and `[ui]` with `text = …` are the same.
    fn read_value(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(), ThemeError> {
        let at = value.span();
        if let Some(role) = role_of(key) {
            let value = match value.get_ref().as_table() {
                Some(table) => self.style(key, table)?,
                None => Value::Color(self.color_name(key, value)?.0),
            };
            self.values.push((role, value, at));
            return Ok(());
        }
        let prefix = format!("{key}.");
        let is_group = ROLES.iter().any(|row| row.key.starts_with(&prefix));
        match value.get_ref().as_table() {
            Some(table) if is_group => table.iter().try_for_each(|(name, value)| {
                self.read_value(&format!("{key}.{}", name.get_ref()), value)
            }),
            _ => {
                let (file, line) = (&self.file, self.line(&at));
                self.warnings.push(format!(
                    "{file}:{line}: {key} means nothing here and is passed over"
                ));
                Ok(())
            }
        }
    }

    fn style(&mut self, key: &str, table: &DeTable<'_>) -> Result<Value, ThemeError> {
        let (mut foreground, mut background) = (None, None);
        let mut modifiers = Modifier::empty();
        for (name, value) in table {
            let at = value.span();
            match name.get_ref().as_ref() {
                "fg" => foreground = Some(self.color_name("fg", value)?),
                "bg" => background = Some(self.color_name("bg", value)?),
                "modifiers" => {
                    let list = value.get_ref().as_array().ok_or_else(|| {
                        self.invalid(&at, "modifiers is a list, as in [\"bold\"]".into())
                    })?;
                    for modifier in list {
                        let (text, at) = self.string("a modifier", modifier)?;
                        modifiers |= parse_modifier(&text).ok_or_else(|| {
                            self.invalid(&at, format!("{text:?} is no modifier; there are bold, dim, italic, underlined, reversed and crossed-out"))
                        })?;
                    }
                }
                other => {
                    let (file, line) = (&self.file, self.line(&at));
                    self.warnings.push(format!(
                        "{file}:{line}: {other} in {key} means nothing; there are fg, bg and modifiers"
                    ));
                }
            }
        }
        Ok(Value::Style {
            foreground,
            background,
            modifiers,
        })
    }

    fn apply(
        &self,
        theme: &mut Theme,
        palette: &BTreeMap<&str, Color>,
        warnings: &mut Vec<String>,
    ) -> Result<(), ThemeError> {
        warnings.extend(self.warnings.iter().cloned());
        let color = |text: &str, at: &Range<usize>| {
            let known = palette.get(text).copied().or_else(|| parse_color(text));
            known.ok_or_else(|| {
                self.invalid(
                    at,
                    format!("{text:?} is neither in the palette nor a colour; {COLOR_HELP}"),
                )
            })
        };
        if let Some((text, at)) = &self.background {
            theme.background = Some(color(text, at)?);
        }
        if let Some(paints) = self.paints_background {
            theme.paints_background = paints;
        }
        for (role, value, at) in &self.values {
            let style = match value {
                Value::Color(text) => Style::new().fg(color(text, at)?),
                Value::Style {
                    foreground,
                    background,
                    modifiers,
                } => {
                    let mut style = Style::new().add_modifier(*modifiers);
                    if let Some((text, at)) = foreground {
                        style = style.fg(color(text, at)?);
                    }
                    if let Some((text, at)) = background {
                        style = style.bg(color(text, at)?);
                    }
                    style
                }
            };
            theme.styles.insert(*role, style);
        }
        Ok(())
    }

    fn string(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(String, Range<usize>), ThemeError> {
        let text = value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.invalid(&value.span(), format!("{key} is a text in quotes")))?;
        Ok((text.to_owned(), value.span()))
    }

    /// A text, or a number, as text.
    fn color_name(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(String, Range<usize>), ThemeError> {
        if let Some(number) = value.get_ref().as_integer() {
            return Ok((number.as_str().to_owned(), value.span()));
        }
        self.string(key, value)
            .map_err(|_| self.invalid(&value.span(), format!("{key} is a colour; {COLOR_HELP}")))
    }

    fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(at.start);
        1 + before.filter(|&&byte| byte == b'\n').count()
    }

    fn invalid(&self, at: &Range<usize>, message: String) -> ThemeError {
        ThemeError::Invalid {
            file: self.file.clone(),
            line: self.line(at),
            message,
        }
    }
}

const COLOR_HELP: &str =
    "colours are written \"#rrggbb\", \"bright-red\", 0 to 255, or by a name of the palette";

fn parse_color(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    text.parse().ok()
}

fn parse_modifier(text: &str) -> Option<Modifier> {
    Some(match text {
        "bold" => Modifier::BOLD,
        "dim" => Modifier::DIM,
        "italic" => Modifier::ITALIC,
        "underline" | "underlined" => Modifier::UNDERLINED,
        "reverse" | "reversed" => Modifier::REVERSED,
        "crossed-out" => Modifier::CROSSED_OUT,
        _ => return None,
    })
}
