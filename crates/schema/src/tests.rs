//! Laws over the catalog.

#[test]
fn dump() {
    for d in crate::catalog() {
        println!("== {} {}", d.definition.name, d.fields().len());
        for f in d.fields() {
            println!("{} {}", f.name, f.kind.name());
        }
    }
}
