//! A plan that only fills some ECS fields, for whoever wants these of a row and not its document.

use schema::Semantic;

use super::{Content, Plan, Shape};

impl Plan {
    /// Leaves out whatever does not lead to one of these fields, and all custom fields. The values of the fields stay the
    /// same, in the same order.
    pub(crate) fn reduced_to(mut self, fields: &[&str]) -> Self {
        let is_wanted: Vec<bool> = self.fields.iter().map(|field| fields.contains(&field.name)).collect();
        // A shape fills something if one of its columns does, and the shapes within come behind it.
        let mut fills = vec![false; self.shapes.len()];
        for (id, shape) in self.shapes.iter_mut().enumerate().rev() {
            // What no column takes is told by whoever makes the document.
            shape.flattened = true;
            shape.constants.retain(|(field, ..)| is_wanted[*field]);
            shape.derived.retain(|derived| is_wanted[derived.field]);
            for column in &mut shape.columns {
                column.targets.retain(|target| is_wanted[target.field]);
                (column.key, column.display, column.joins, column.flattened) = (None, None, false, true);
                let inside = match column.content {
                    Content::Object(inner) | Content::Flattened(inner) => fills[inner],
                    Content::UrlParts => {
                        // The parts of a URL are custom fields; the URL itself feeds ECS.
                        column.content = Content::Scalar(Semantic::Url);
                        false
                    }
                    Content::Scalar(_) | Content::Dictionary => false,
                };
                column.dropped |= column.targets.is_empty() && !inside;
                // Only who tells of odd values, or writes custom fields, reads these.
                (column.source, column.group) = (String::new(), Vec::new());
            }
            let own = shape.columns.iter().any(|column| !column.dropped);
            let of_kind = shape.kinds.values().any(|&kind| fills[kind]);
            fills[id] = own || of_kind || !shape.constants.is_empty() || !shape.derived.is_empty();
            if !fills[id] {
                *shape = Shape { flattened: true, ..Shape::default() };
            }
        }
        self
    }
}
