//! What the documentation shows is what the examples run.

mod hints;
mod links;
mod rules;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use pretty_assertions::assert_eq;

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Without what rustfmt decides: white space, and the comma it writes before a broken line's end.
fn squeezed(code: &str) -> String {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    code.replace(",)", ")").replace(",]", "]")
}

/// The last cell of each numbered row of docs/calls.md.
fn table() -> BTreeMap<usize, String> {
    let text = fs::read_to_string(file("docs/calls.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        // Bars inside code are escaped.
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (Some(Ok(number)), Some(call)) = (cells.first().map(|n| n.parse()), cells.last())
        else {
            continue;
        };
        assert_eq!(cells.len(), 6, "{line}");
        let call = call.trim_matches('`').replace('\u{0}', "|");
        assert_eq!(
            rows.insert(number, call),
            None,
            "row {number} is there twice"
        );
    }
    rows
}

/// What stands under each `// NUMBER` of the example, up to the next one.
fn example() -> BTreeMap<usize, String> {
    let mut calls = BTreeMap::new();
    for entry in fs::read_dir(file("examples/commonest_calls")).unwrap() {
        let mut number = None;
        for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            match line.trim().strip_prefix("// ").map(str::parse::<usize>) {
                Some(Ok(found)) => {
                    assert_eq!(
                        calls.insert(found, String::new()),
                        None,
                        "{found} is there twice"
                    );
                    number = Some(found);
                }
                _ => {
                    if let Some(call) = number.and_then(|number| calls.get_mut(&number)) {
                        call.push_str(line);
                    }
                }
            }
        }
    }
    calls
}

#[test]
fn every_call_of_the_table_is_one_of_the_example() {
    let (table, example) = (table(), example());
    let numbers: Vec<usize> = (1..=100).collect();
    assert_eq!(table.keys().copied().collect::<Vec<_>>(), numbers);
    assert_eq!(example.keys().copied().collect::<Vec<_>>(), numbers);
    for (number, call) in table {
        let run = squeezed(&example[&number]);
        let statement = run.split_once(';').map_or(run.as_str(), |(first, _)| first);
        assert!(
            statement.ends_with(&squeezed(&call)),
            "row {number} of docs/calls.md shows\n{call}\nand the example has\n{statement}"
        );
    }
}

/// Paths of sources that a page names are there.
#[test]
fn named_sources_are_there() {
    let page = fs::read_to_string(file("ARCHITECTURE.md")).unwrap();
    let is_part = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    let mut named = 0;
    for path in page
        .split(|c| !is_part(c))
        .filter(|word| word.contains("src/"))
    {
        let path = path.trim_end_matches('.');
        assert!(file(path).exists(), "{path}");
        named += 1;
    }
    assert!(named > 30, "{named}");
}

/// The pages that say what is, and not what was.
fn pages_of_today() -> Vec<PathBuf> {
    let mut pages = links::pages();
    pages.retain(|page| !page.ends_with("CHANGELOG.md"));
    pages
}

/// A line of a shell block, or the text between back quotes, as a command: without its comment.
fn command(text: &str) -> Option<String> {
    let text = text.split(" #").next().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let first = words.iter().find(|word| !is_assignment(word))?;
    let script = first.trim_start_matches("./").strip_prefix("scripts/");
    // Not the folder, and not what the scripts share.
    let is_script = script.is_some_and(|name| !name.is_empty() && !name.contains('.'));
    let is_command = is_script || ["cargo", "mvn", "npm", "rustup"].contains(first);
    (is_command && (words.len() > 1 || is_script)).then(|| words.join(" "))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    })
}

/// The commands of a page. A line of a shell block is one whatever it begins with.
fn commands_of(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut block: Option<&str> = None;
    let mut prose = String::new();
    for line in page.lines() {
        match (block, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (Some("sh" | "bash" | "console" | "shell"), None) => {
                let line = line.split(" #").next().unwrap_or_default().trim();
                if !line.is_empty() && !line.starts_with('#') {
                    commands.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
                }
            }
            (Some(_), None) => {}
            (None, None) => {
                prose.push_str(line);
                // Code may go on in the next line.
                prose.push(' ');
            }
        }
    }
    commands.extend(prose.split('`').skip(1).step_by(2).filter_map(command));
    commands
}

#[test]
fn commands_are_found_in_blocks_and_between_back_quotes() {
    let page = "Run `scripts/one --all`, `realm.users()` or `A_B=1 cargo\ntest`; `cargo` is a word.\n\
        ```sh\nscripts/two  7 # says it\nmake\n```\n```toml\nscripts/none\n```\n";
    assert_eq!(
        commands_of(page),
        [
            "scripts/two 7",
            "make",
            "scripts/one --all",
            "A_B=1 cargo test"
        ]
    );
}

/// What `scripts/commands` says of each command.
fn table_of_commands() -> BTreeMap<String, String> {
    let text = fs::read_to_string(file("scripts/commands")).unwrap();
    let rows = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| {
        let (command, run) = row.split_once(" => ").expect(row);
        (command.to_owned(), run.to_owned())
    })
    .collect()
}

#[test]
fn every_command_of_a_page_is_run_by_the_tests() {
    let mut table = table_of_commands();
    let runner = fs::read_to_string(file("scripts/check-commands")).unwrap();
    let mut faults = Vec::new();
    let mut named = Vec::new();
    for page in pages_of_today() {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        for command in commands_of(&fs::read_to_string(&page).unwrap()) {
            match table.get(&command) {
                None => faults.push(format!("{name}: no row for {command}")),
                Some(run) if run.starts_with("by hand: ") => {
                    if ["README.md", "ARCHITECTURE.md"].contains(&name.as_str()) {
                        faults.push(format!("{name}: {command} is not run"));
                    }
                }
                Some(run) => {
                    let run = run.strip_prefix("slow: ").unwrap_or(run);
                    let first = run.split(' ').next().unwrap_or_default();
                    let is_there = first == "cargo"
                        || file(first).is_file()
                        || runner.contains(&format!("\n{first}() {{"));
                    if !is_there {
                        faults.push(format!("{command}: there is no {first}"));
                    }
                }
            }
            named.push(command);
        }
    }
    table.retain(|command, _| !named.contains(command));
    faults.extend(
        table
            .keys()
            .map(|command| format!("no page names {command}")),
    );
    assert_eq!(faults, Vec::<String>::new());
    let steps = fs::read_to_string(file("scripts/test")).unwrap();
    assert!(
        steps.contains("\ncheck_commands() ") && steps.contains(" package commands\n"),
        "scripts/test has no step of its own accord that runs scripts/check-commands"
    );
}

/// `--example NAME`, `--test NAME` and the like in a script name a target of the manifest.
#[test]
fn scripts_name_targets_that_are_there() {
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(file("Cargo.toml")).unwrap()).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(file("scripts")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for kind in ["example", "test", "bench"] {
            for rest in text.split(&format!("--{kind} ")).skip(1) {
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-')
                    .collect();
                // A place for a name, as in the arguments of a help text.
                if name.is_empty() || name.chars().all(|c| c.is_ascii_uppercase()) {
                    continue;
                }
                seen += 1;
                let target = manifest[kind]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|target| target["name"].as_str() == Some(name.as_str()));
                let target = target.unwrap_or_else(|| {
                    panic!("{}: no {kind} target is called {name}", path.display())
                });
                if let Some(place) = target.get("path").and_then(toml::Value::as_str) {
                    assert!(file(place).is_file(), "{place} is not there");
                }
            }
        }
    }
    assert!(seen > 2, "only {seen} targets are named");
}
