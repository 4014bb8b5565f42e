//! placeholder
use schema::Dataset;
/// Values that every document of a dataset carries, by ECS field.
pub(crate) fn own_values(dataset: &Dataset) -> Vec<(&'static str, String)> {
    vec![
        ("ecs.version", schema::ecs::VERSION.to_owned()),
        ("event.dataset", format!("m365_security.{}", dataset.definition.name)),
        ("event.module", "m365_security".to_owned()),
    ]
}
