//! A dashboard: panels in a grid of 48 columns, controls, and the time range that it opens with.

use crate::control::Control;
use crate::panel::Panel;
use crate::source::PACKAGE;

/// Columns of Kibana's grid.
pub const WIDTH: u16 = 48;
/// Rows that the panel with links takes at the top of every dashboard.
pub(crate) const LINKS: u16 = 3;

/// A dashboard.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// Name, unique, of which the id is made: `incident-operations`.
    pub name: &'static str,
    /// Title without the product.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// First moment of the time range that it opens with, in Elasticsearch's date mathematics; the last one is now.
    pub from: &'static str,
    pub(crate) controls: Vec<Control>,
    pub(crate) placed: Vec<(Grid, Panel)>,
    next: u16,
}

/// Place of a panel; a row of the grid is 20 pixels high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// First column.
    pub x: u16,
    /// First row.
    pub y: u16,
    /// Columns.
    pub w: u16,
    /// Rows.
    pub h: u16,
}

/// A part of a row: a panel, or panels on top of each other.
#[derive(Debug, Clone)]
pub struct Cell {
    width: u16,
    panels: Vec<(Option<u16>, Panel)>,
}

/// A panel as wide as this many of 48 columns, as high as its row.
pub fn cell(width: u16, panel: Panel) -> Cell {
    Cell { width, panels: vec![(None, panel)] }
}

/// Panels on top of each other, each with its height; together they should be as high as their row.
pub fn stack(width: u16, panels: Vec<(u16, Panel)>) -> Cell {
    Cell { width, panels: panels.into_iter().map(|(height, panel)| (Some(height), panel)).collect() }
}

/// A dashboard without panels, for the last seven days.
pub fn dashboard(name: &'static str, title: &'static str, description: &'static str) -> Dashboard {
    Dashboard { name, title, description, from: "now-7d", controls: Vec::new(), placed: Vec::new(), next: LINKS }
}

impl Dashboard {
    /// Opens with a time range from here to now.
    #[must_use]
    pub fn since(mut self, from: &'static str) -> Self {
        self.from = from;
        self
    }

    /// Adds a control to the right of the others.
    #[must_use]
    pub fn control(mut self, control: Control) -> Self {
        self.controls.push(control);
        self
    }

    /// Adds a row of this height below the others.
    #[must_use]
    pub fn row(mut self, height: u16, cells: Vec<Cell>) -> Self {
        let mut x = 0;
        for cell in cells {
            let mut y = self.next;
            for (own, panel) in cell.panels {
                let h = own.unwrap_or(height);
                self.placed.push((Grid { x, y, w: cell.width, h }, panel));
                y += h;
            }
            x += cell.width;
        }
        self.next += height;
        self
    }

    /// Id of the saved object.
    pub fn id(&self) -> String {
        format!("{PACKAGE}-{}", self.name)
    }
}
