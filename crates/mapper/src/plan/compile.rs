//! From the catalog's columns to the plan.

use std::collections::BTreeMap;

use schema::ecs::{self, Ecs, Type};
use schema::{Dataset, Rows};

use super::{Column, Content, Derived, EcsTarget, Field, FieldId, Input, Json, Plan, Shape, ShapeId, segments};

/// ECS fields that the mapper itself fills, beside those that columns fill.
const OWN: [Ecs; 5] = [ecs::ECS_VERSION, ecs::EVENT_DATASET, ecs::EVENT_MODULE, ecs::EVENT_ORIGINAL, ecs::TAGS];

pub(super) fn compile(dataset: &Dataset) -> Plan {
    let mut found = BTreeMap::new();
    for field in OWN {
        found.insert(field.name, (field, field.array));
    }
    fields(&dataset.root, &mut found);
    let mut groups = BTreeMap::new();
    let fields: Vec<Field> = found.into_values().map(|(ecs, many)| field(ecs, many, &mut groups)).collect();
    let definition = &dataset.definition;
    let item_name = match definition.rows {
        Rows::Items(list) => Some(list),
        _ => None,
    };
    let split_columns = match definition.rows {
        Rows::Items(list) => vec![list.to_owned()],
        Rows::Outer { outer, inner } => vec![outer.to_owned(), format!("{outer}.{inner}")],
        Rows::Elements | Rows::Rollup { .. } => Vec::new(),
    };
    let ids = fields.iter().enumerate().map(|(id, field)| (field.name, id)).collect();
    let mut compiler = Compiler { item: item_name, split_columns, shapes: Vec::new(), ids };
    compiler.shape(&dataset.root, String::new(), false);
    let item = item_name.and_then(|list| {
        let column = compiler.shapes[0].columns.iter().find(|column| &*column.name == list)?;
        match column.content {
            Content::Object(shape) => Some((segments(list), shape)),
            _ => None,
        }
    });
    let split_name = match definition.rows {
        Rows::Items(list) | Rows::Outer { outer: list, .. } => Some(list),
        _ => None,
    };
    let identity: Vec<_> = dataset.root.identity.iter().map(|path| segments(path)).collect();
    Plan {
        name: definition.name,
        prefix: definition.prefix.split('.').collect(),
        id: definition.identity.first().copied().unwrap_or("id").into(),
        rows: definition.rows,
        shapes: compiler.shapes,
        after_custom: fields.partition_point(|field| field.path[0] <= definition.prefix),
        fields,
        shared_identity: identity.iter().take_while(|path| split_name.is_none_or(|split| *path[0] != *split)).count(),
        identity,
        item,
    }
}

fn field(ecs: Ecs, many: bool, known: &mut BTreeMap<&'static str, u16>) -> Field {
    let json = match ecs.kind {
        Type::Long => Json::Integer,
        Type::Float | Type::Double => Json::Number,
        Type::Boolean => Json::Flag,
        _ => Json::Text,
    };
    let path: Vec<_> = ecs.name.split('.').collect();
    let mut number = |group: &&'static str| {
        let next = u16::try_from(known.len()).unwrap_or(u16::MAX);
        *known.entry(group).or_insert(next)
    };
    let groups = path[..path.len() - 1].iter().map(&mut number).collect();
    let (parent, leaf) = ecs.name.rsplit_once('.').unwrap_or(("", ecs.name));
    let parent = number(&parent);
    Field { name: ecs.name, path, groups, parent, key: format!("\"{leaf}\":").into(), json, many, array: ecs.array }
}

fn fields(shape: &schema::Shape, found: &mut BTreeMap<&'static str, (Ecs, bool)>) {
    let mut add = |ecs: Ecs, many: bool| found.entry(ecs.name).or_insert((ecs, false)).1 |= many || ecs.array;
    for column in &shape.columns {
        for target in &column.targets {
            add(target.field, target.many);
        }
    }
    for constant in &shape.constants {
        add(constant.field, constant.many);
    }
    for derived in &shape.derived {
        add(derived.field, derived.many);
    }
    for column in &shape.columns {
        if let schema::Content::Object(inner) | schema::Content::Flattened(inner) = &column.content {
            fields(inner, found);
        }
    }
    for kind in &shape.kinds {
        fields(&kind.shape, found);
    }
}

struct Compiler {
    /// The column whose object adds to the identity.
    item: Option<&'static str>,
    /// Source paths of the columns that a row is split by.
    split_columns: Vec<String>,
    shapes: Vec<Shape>,
    ids: BTreeMap<&'static str, FieldId>,
}

impl Compiler {
    fn shape(&mut self, from: &schema::Shape, source: String, flattened: bool) -> ShapeId {
        let id = self.shapes.len();
        self.shapes.push(Shape::default());
        let mut order: Vec<&schema::Column> = from.columns.iter().collect();
        let splits = |column: &schema::Column| self.split_columns.contains(&column.source);
        order.sort_by_key(|column| (splits(column), column.path.is_none(), column.path.clone()));
        let split_column = order.last().is_some_and(|column| splits(column));
        let mut columns: Vec<Column> = Vec::with_capacity(order.len());
        for column in order {
            let mut column = self.column(column, flattened);
            let twin = columns.last().filter(|_| column.key.is_some());
            column.joins = twin.is_some_and(|twin| (&twin.key, &twin.group) == (&column.key, &column.group));
            columns.push(column);
        }
        let index =
            columns.iter().enumerate().filter_map(|(at, column)| Some((column.name.clone(), u16::try_from(at).ok()?)));
        let index = index.collect();
        let kinds = from
            .kinds
            .iter()
            .map(|kind| (kind.tag.as_str().into(), self.shape(&kind.shape, source.clone(), flattened)));
        let kinds = kinds.collect();
        let constants = from
            .constants
            .iter()
            .map(|constant| (self.ids[constant.field.name], constant.value.clone(), constant.rank));
        let constants = constants.collect();
        let input = |path: &String| -> Option<Input> {
            let mut path = segments(path);
            let column = path.remove(0);
            let at = columns.iter().position(|known| known.name == column)?;
            Some((u16::try_from(at).ok()?, path))
        };
        let derived = from.derived.iter().filter_map(|derived| {
            let inputs = derived.inputs.iter().map(input).collect::<Option<_>>()?;
            let when = match &derived.when {
                Some((path, word)) => Some((input(path)?, word.clone())),
                None => None,
            };
            let field = self.ids[derived.field.name];
            Some(Derived { field, derive: derived.derive, inputs, when, rank: derived.rank })
        });
        let derived = derived.collect();
        let item = self.item.is_some_and(|item| source.strip_suffix('.') == Some(item));
        let identity = if item { from.identity.iter().filter_map(input).collect() } else { Vec::new() };
        self.shapes[id] =
            Shape { columns, index, kinds, constants, derived, source, identity, item, flattened, split_column };
        id
    }

    fn column(&mut self, column: &schema::Column, flattened: bool) -> Column {
        let inside = format!("{}.", column.source);
        let content = match &column.content {
            schema::Content::Scalar(semantic) => Content::Scalar(*semantic),
            schema::Content::UrlParts => Content::UrlParts,
            schema::Content::Dictionary => Content::Dictionary,
            schema::Content::Object(shape) => Content::Object(self.shape(shape, inside, false)),
            schema::Content::Flattened(shape) => Content::Flattened(self.shape(shape, inside, true)),
        };
        let mut group = column.path.as_deref().map(segments).unwrap_or_default();
        let key = group.pop().map(|leaf| format!("\"{leaf}\":").into());
        let display = column.display.as_deref().and_then(|path| segments(path).pop());
        let display = display.map(|leaf| format!("\"{leaf}\":").into());
        let targets = column.targets.iter().map(|target| EcsTarget {
            field: self.ids[target.field.name],
            op: target.op,
            table: target.table,
            rank: target.rank,
        });
        Column {
            name: column.name.as_str().into(),
            source: column.source.clone(),
            group,
            key,
            display,
            joins: false,
            content,
            list: column.list,
            targets: targets.collect(),
            dropped: column.dropped.is_some(),
            flattened,
        }
    }
}
