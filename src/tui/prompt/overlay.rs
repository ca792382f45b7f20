//! What hangs above the prompt: the completion popup, and the search through the history.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::completion::Popup;
use super::draw::{cells, with_fallback};
use super::layout::{self, glyphs, one_line};
use super::search::{Search, age};
use super::{Prompt, Recall};
use crate::tui::highlight::highlight;
use crate::tui::theme::{Role, Theme};

/// Rows of the completion popup.
const POPUP_ROWS_MAX: usize = 10;
/// Columns of a candidate, without its kind.
const POPUP_TEXT_MAX: usize = 40;
/// Columns of the popup.
const POPUP_COLUMNS_MAX: u16 = 90;
/// Rows of the search, all in all.
const SEARCH_ROWS_MAX: u16 = 18;
/// Rows of the preview in the search.
const PREVIEW_ROWS_MAX: usize = 6;

/// The styles of a popup. Without colours it is shown in reverse, and the selected row is not.
struct Look {
    ground: Style,
    selected: Style,
    matched: Style,
    dim: Style,
}

impl Look {
    fn new(theme: &Theme) -> Self {
        let ground = with_fallback(theme.style(Role::Popup), Modifier::REVERSED);
        let selected = if theme.style(Role::PopupSelected) == Style::default() {
            Style::default().add_modifier(Modifier::BOLD)
        } else {
            ground.patch(theme.style(Role::PopupSelected))
        };
        Self {
            ground,
            selected,
            matched: with_fallback(theme.style(Role::PopupMatch), Modifier::UNDERLINED),
            dim: theme.style(Role::Dim),
        }
    }

    fn row(&self, is_selected: bool) -> Style {
        if is_selected {
            self.selected
        } else {
            self.ground
        }
    }
}

impl Prompt {
    /// Draws what is open above the prompt, if anything is; where the caret goes if it belongs
    /// there. Call it after [`Prompt::draw`], in the same frame.
    pub(crate) fn draw_popup(
        &self,
        buffer: &mut Buffer,
        prompt_area: Rect,
        screen: Rect,
        theme: &Theme,
    ) -> Option<Position> {
        let screen = screen.intersection(buffer.area);
        let look = Look::new(theme);
        if let Some(search) = &self.search {
            let space = space(prompt_area, screen, SEARCH_ROWS_MAX)?;
            let (entries, look) = (&self.entries, &look);
            return Some(draw_search(buffer, space, search, entries, theme, look));
        }
        if let Some(popup) = &self.popup {
            let wanted = cells(popup.len().min(POPUP_ROWS_MAX));
            let space = space(prompt_area, screen, wanted)?;
            let typed = self
                .text()
                .get(popup.start..self.engine.caret())
                .unwrap_or_default();
            draw_completions(buffer, space, popup, typed, self.anchor.get().x, &look);
        }
        None
    }
}

/// Where something of so many rows has room: above the prompt, or below it if there is more.
fn space(prompt: Rect, screen: Rect, wanted: u16) -> Option<Rect> {
    let top = prompt.y.min(screen.bottom());
    let bottom = prompt.bottom().min(screen.bottom());
    let above = Rect {
        height: top - screen.y.min(top),
        ..screen
    };
    let below = Rect {
        y: bottom,
        height: screen.bottom() - bottom,
        ..screen
    };
    let space = if above.height >= wanted || above.height >= below.height {
        above
    } else {
        Rect {
            height: below.height.min(wanted),
            ..below
        }
    };
    (!space.is_empty()).then_some(space)
}

fn draw_completions(
    buffer: &mut Buffer,
    space: Rect,
    popup: &Popup,
    typed: &str,
    caret_x: u16,
    look: &Look,
) {
    let rows = popup
        .len()
        .min(POPUP_ROWS_MAX)
        .min(usize::from(space.height));
    let first = popup
        .selected()
        .map_or(0, |selected| (selected + 1).saturating_sub(rows));
    let visible: Vec<_> = popup.rows().skip(first).take(rows).collect();
    let widest = |width: &dyn Fn(usize) -> usize| (0..visible.len()).map(width).max().unwrap_or(0);
    let text_width = widest(&|at| layout::width(&visible[at].text)).min(POPUP_TEXT_MAX);
    let detail_width = widest(&|at| layout::width(&visible[at].detail));
    let gap = if detail_width > 0 { 2 } else { 0 };
    let wanted = cells(text_width + gap + detail_width + 3).max(14);
    let width = wanted.min(POPUP_COLUMNS_MAX).min(space.width);

    // The candidates stand above what they would replace.
    let x = caret_x
        .saturating_sub(cells(typed.width()) + 2)
        .min(space.right().saturating_sub(width))
        .max(space.x);
    let top = space.bottom() - cells(rows);
    let count = if popup.len() > rows {
        let selected = popup.selected().map_or(0, |at| at + 1);
        format!(" {selected}/{} ", popup.len())
    } else {
        " ".to_owned()
    };
    for (place, (y, choice)) in (top..).zip(&visible).enumerate() {
        let is_selected = popup.selected() == Some(first + place);
        let style = look.row(is_selected);
        let area = Rect::new(x, y, width, 1);
        clear(buffer, area, style);
        let mark = if is_selected { "› " } else { "  " };
        let mut pen = Pen::new(area);
        pen.write(buffer, mark, style);
        let matched = typed.chars().count();
        for (index, piece) in one_line(&choice.text, text_width) {
            let is_matched = index < matched;
            let style = if is_matched {
                style.patch(look.matched)
            } else {
                style
            };
            pen.write(buffer, &piece, style);
        }
        pen.move_to(2 + text_width + gap);
        let style = if is_selected {
            style
        } else {
            style.patch(look.dim)
        };
        // The last row also tells how many there are.
        let ending = if place + 1 == visible.len() {
            &*count
        } else {
            " "
        };
        let room = pen.space().saturating_sub(ending.width());
        for (_, piece) in one_line(&choice.detail, room) {
            pen.write(buffer, &piece, style);
        }
        pen.move_to(usize::from(width).saturating_sub(ending.width()));
        pen.write(buffer, ending, style);
    }
}

/// From the top: a title, the entries, a preview of the selected one if it has many lines, and
/// what is looked for.
fn draw_search(
    buffer: &mut Buffer,
    space: Rect,
    search: &Search,
    entries: &[Recall],
    theme: &Theme,
    look: &Look,
) -> Position {
    let height = space.height.min(SEARCH_ROWS_MAX);
    let area = Rect {
        y: space.bottom() - height,
        height,
        ..space
    };
    clear(buffer, area, look.ground);
    let line = |y: u16| Rect::new(area.x, y, area.width, 1);
    let query_y = area.bottom() - 1;
    let mut list = area.y..query_y;

    if list.len() > 2 {
        let title = format!("history: {} of {}", search.count(), entries.len());
        rule(
            buffer,
            line(list.start),
            &title,
            look.ground.patch(theme.style(Role::Border)),
        );
        list.start += 1;
    }
    let selected = search.hits().get(search.selected());
    let selected = selected.and_then(|&at| entries.get(at));
    if let Some(entry) = selected.filter(|entry| entry.source.contains('\n')) {
        let rows = entry.source.split('\n').take(PREVIEW_ROWS_MAX).count();
        if list.len() > rows + 4 {
            list.end -= cells(rows) + 1;
            let style = look.ground.patch(theme.style(Role::Border));
            rule(buffer, line(list.end), "", style);
            let preview = Rect {
                y: list.end + 1,
                height: cells(rows),
                ..area
            };
            draw_preview(buffer, preview, entry, theme, look);
        }
    }
    draw_hits(buffer, list, area, search, entries, look);

    let mut pen = Pen::new(line(query_y));
    pen.write(
        buffer,
        "search › ",
        look.ground.patch(theme.style(Role::Prompt)),
    );
    let shown: Vec<String> = glyphs(search.query())
        .map(|glyph| glyph.shown.into_owned())
        .collect();
    let room = pen.space().saturating_sub(1);
    let mut skip = 0;
    while shown[skip..]
        .iter()
        .map(|piece| piece.width())
        .sum::<usize>()
        > room
    {
        skip += 1;
    }
    for piece in &shown[skip..] {
        pen.write(buffer, piece, look.ground);
    }
    Position::new(pen.x.min(area.right() - 1), query_y)
}

fn draw_hits(
    buffer: &mut Buffer,
    list: std::ops::Range<u16>,
    area: Rect,
    search: &Search,
    entries: &[Recall],
    look: &Look,
) {
    if search.hits().is_empty() && !list.is_empty() {
        let words = if entries.is_empty() {
            "  nothing has been typed yet"
        } else {
            "  nothing fits"
        };
        let mut pen = Pen::new(Rect::new(area.x, list.start, area.width, 1));
        pen.write(buffer, words, look.ground.patch(look.dim));
    }
    let first = (search.selected() + 1).saturating_sub(list.len());
    let hits = search.hits().iter().enumerate().skip(first);
    for (y, (place, entry)) in
        list.zip(hits.filter_map(|(place, &at)| Some((place, entries.get(at)?))))
    {
        let is_selected = place == search.selected();
        let style = look.row(is_selected);
        let row = Rect::new(area.x, y, area.width, 1);
        clear(buffer, row, style);
        let mut pen = Pen::new(row);
        pen.write(buffer, if is_selected { "› " } else { "  " }, style);
        let faint = if is_selected {
            style
        } else {
            style.patch(look.dim)
        };
        let tag = format!(
            "{:>4} {} ",
            age(search.now, entry.at),
            entry.language.short()
        );
        pen.write(buffer, &tag, faint);
        let matched = search.matched(&entry.source);
        for (index, piece) in one_line(&entry.source, pen.space()) {
            let is_matched =
                u32::try_from(index).is_ok_and(|index| matched.binary_search(&index).is_ok());
            let style = if is_matched {
                style.patch(look.matched)
            } else {
                style
            };
            pen.write(buffer, &piece, style);
        }
    }
}

fn draw_preview(buffer: &mut Buffer, area: Rect, entry: &Recall, theme: &Theme, look: &Look) {
    let rows = usize::from(area.height);
    let all: Vec<&str> = entry.source.split('\n').take(rows + 1).collect();
    let head = all[..rows.min(all.len())].join("\n");
    let spans = highlight(entry.language, &head);
    let mut start = 0;
    for (y, text) in (area.y..area.bottom()).zip(head.split('\n')) {
        let mut pen = Pen::new(Rect::new(area.x, y, area.width, 1));
        pen.write(buffer, "  ", look.ground);
        for glyph in glyphs(text) {
            let at = start + glyph.offset;
            let role = spans
                .iter()
                .find(|(range, _)| range.contains(&at))
                .map_or(Role::Text, |(_, role)| *role);
            let style = look.ground.patch(foreground(theme.style(role)));
            pen.write(buffer, &glyph.shown, style);
            if pen.space() == 0 {
                break;
            }
        }
        start += text.len() + 1;
    }
    if all.len() > rows {
        let mut pen = Pen::new(Rect::new(area.x, area.bottom() - 1, area.width, 1));
        pen.move_to(usize::from(area.width).saturating_sub(3));
        pen.write(buffer, " … ", look.ground.patch(look.dim));
    }
}

/// A style without its ground, to stand on a popup's.
fn foreground(style: Style) -> Style {
    Style { bg: None, ..style }
}

/// A horizontal line with a title.
fn rule(buffer: &mut Buffer, area: Rect, title: &str, style: Style) {
    let mut pen = Pen::new(area);
    pen.write(buffer, &"─".repeat(usize::from(area.width)), style);
    if !title.is_empty() {
        pen.move_to(2);
        pen.write(buffer, &format!(" {title} "), style);
    }
}

fn clear(buffer: &mut Buffer, area: Rect, style: Style) {
    for position in area.positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            cell.reset();
            cell.set_style(style);
        }
    }
}

/// Writes along a row, and stops at its end.
struct Pen {
    area: Rect,
    x: u16,
}

impl Pen {
    fn new(area: Rect) -> Self {
        Self { area, x: area.x }
    }

    /// Columns that are left.
    fn space(&self) -> usize {
        usize::from(self.area.right().saturating_sub(self.x))
    }

    fn move_to(&mut self, column: usize) {
        self.x = self
            .area
            .x
            .saturating_add(cells(column))
            .min(self.area.right());
    }

    fn write(&mut self, buffer: &mut Buffer, text: &str, style: Style) {
        if self.space() > 0 {
            let space = self.space();
            (self.x, _) = buffer.set_stringn(self.x, self.area.y, text, space, style);
        }
    }
}
