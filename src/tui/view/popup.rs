//! Boxes over the transcript.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use crate::tui::theme::{Role, Theme};

/// A box of this size in the middle of `area`, as large as there is room.
pub(crate) fn centered(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// Empties a box, frames it, and gives the room inside, with a column of air on each side.
pub(crate) fn frame(title: &str, theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    Clear.render(area, buf);
    let ground = theme.style(Role::Popup);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(ground.patch(theme.style(Role::Border)))
        .style(ground);
    let inner = block.inner(area);
    block.render(area, buf);
    if area.width > 4 && area.height > 0 {
        let title = super::text::fit(title, usize::from(area.width - 4)).into_owned();
        let style = ground.patch(theme.style(Role::Accent));
        let title = format!(" {title} ");
        buf.set_stringn(
            area.x + 1,
            area.y,
            &title,
            usize::from(area.width - 2),
            style,
        );
    }
    Rect {
        x: inner.x + u16::from(inner.width > 2),
        width: inner.width.saturating_sub(2),
        ..inner
    }
}
