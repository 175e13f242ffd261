use super::*;

const OP: Operation = Operation::new("test", "", "");

fn parts(limit: usize, wanted: &[&str]) -> Vec<Vec<String>> {
    let limits = ParameterLimits::keycloak().parameter(PERMISSION, limit);
    let wanted: Vec<RequestedPermission> = wanted.iter().map(|text| (*text).into()).collect();
    split(&OP, &limits, &wanted).unwrap()
}

#[test]
fn a_part_is_as_long_as_it_may_be() {
    assert_eq!(parts(4, &[]), [[""; 0]]);
    assert_eq!(parts(4, &["ab", "cd"]), [["ab", "cd"]]);
    assert_eq!(parts(3, &["ab", "cd"]), [["ab"], ["cd"]]);
    let five = parts(4, &["ab", "c", "d", "e", "fg"]);
    assert_eq!(five, [vec!["ab", "c", "d"], vec!["e", "fg"]]);
}

#[test]
fn scopes_of_one_resource_are_parted() {
    let found = parts(5, &["a#x,y,z", "b"]);
    assert_eq!(found, [vec!["a#x,y"], vec!["a#z", "b"]]);
    assert_eq!(parts(4, &["#x,y,z"]), [vec!["#x,y"], vec!["#z"]]);
    let limits = ParameterLimits::keycloak().parameter(PERMISSION, 4);
    let long = [RequestedPermission::from("a#xyz,y")];
    let error = split(&OP, &limits, &long).unwrap_err().to_string();
    assert!(error.contains(" 5 ") && error.contains(" 4:"), "{error}");
}

#[test]
fn the_union_has_each_resource_once() {
    let one = |id: &str, scopes: &[&str]| {
        let value = serde_json::json!([{ "rsid": id, "rsname": id, "scopes": scopes }]);
        Permission::list(Some(&value))
    };
    let all = union(vec![one("a", &["x"]), one("b", &[]), one("a", &["y", "x"])]);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].scopes, ["x", "y"]);
}
