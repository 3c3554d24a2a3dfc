//! From text to tokens, by the language's grammar.

use std::ops::ControlFlow;

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree};

/// A language that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// `.py`
    Python,
    /// `.rs`
    Rust,
}

impl Grammar {
    /// The one of a file with this path.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.')?.1 {
            "py" => Some(Self::Python),
            "rs" => Some(Self::Rust),
            _ => None,
        }
    }

    fn language(self) -> Language {
        match self {
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
        }
    }
}

/// What a token is to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A comment, or a string that stands alone as one.
    Comment,
    /// A string or a character.
    Text,
    /// A number.
    Number,
    /// A word of the language.
    Keyword,
    /// A name that somebody chose.
    Name,
    /// The name of a function, where it is defined or called.
    Function,
    /// The name of a type.
    Type,
    /// An operator, a bracket, a comma.
    Sign,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// What two programs are compared by: the same for all names, for all numbers and for all strings, and
    /// 0 for what says nothing of how a program works. Holds within one run of this program.
    pub code: u16,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

const NAME: u16 = 1;
const NUMBER: u16 = 2;
const TEXT: u16 = 3;
/// The grammar's own numbers come after these.
const OWN: u16 = 16;

/// The tokens of a text in its order, broken or not as a program; none if reading it takes too long.
pub fn tokens(grammar: Grammar, text: &str) -> Option<Vec<Token>> {
    let tree = parse(grammar, text)?;
    let mut cursor = tree.walk();
    let mut above: Vec<Node<'_>> = Vec::new();
    let mut found = Vec::new();
    loop {
        let node = cursor.node();
        if let Some(token) = token(node, above.last(), cursor.field_name()) {
            // What the grammar puts in where it misses something has no text.
            if token.start < token.end {
                found.push(token);
            }
        } else if cursor.goto_first_child() {
            above.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Some(found);
            }
            above.pop();
        }
    }
}

/// Reads the text, for so many of the parser's steps as a hundred times what a program takes.
fn parse(grammar: Grammar, text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    // It fails only for a grammar made for another version of the library.
    parser.set_language(&grammar.language()).ok()?;
    let mut left = 1_000 + text.len() / 10;
    let mut spend = |_: &ParseState| match left.checked_sub(1) {
        Some(less) => {
            left = less;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut spend);
    let bytes = text.as_bytes();
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

/// The node as a token; none if its children are to be looked at instead.
fn token(node: Node<'_>, above: Option<&Node<'_>>, field: Option<&str>) -> Option<Token> {
    let (kind, code) = match node.kind() {
        "comment" | "line_comment" | "block_comment" => (Kind::Comment, 0),
        "string" if above.is_some_and(stands_alone) => (Kind::Comment, 0),
        "string" | "string_literal" | "raw_string_literal" | "char_literal" => (Kind::Text, TEXT),
        "integer" | "float" | "integer_literal" | "float_literal" => (Kind::Number, NUMBER),
        "type_identifier" | "primitive_type" => (Kind::Type, NAME),
        "identifier" | "field_identifier" | "shorthand_field_identifier" | "metavariable" => {
            (kind_of_name(above, field), NAME)
        }
        _ if node.child_count() > 0 => return None,
        // Whether one stands after the last of a list is a matter of taste.
        "," | ";" => (Kind::Sign, 0),
        word => {
            let is_word = word.starts_with(|c: char| c.is_alphabetic());
            let kind = if is_word { Kind::Keyword } else { Kind::Sign };
            (kind, node.kind_id().saturating_add(OWN))
        }
    };
    Some(Token { kind, code, start: node.start_byte(), end: node.end_byte() })
}

/// A statement that is nothing but its only child.
fn stands_alone(statement: &Node<'_>) -> bool {
    statement.kind() == "expression_statement" && statement.child_count() == 1
}

fn kind_of_name(above: Option<&Node<'_>>, field: Option<&str>) -> Kind {
    match (above.map(Node::kind), field) {
        (Some("function_definition" | "function_item"), Some("name"))
        | (Some("call" | "call_expression"), Some("function")) => Kind::Function,
        (Some("type"), _) => Kind::Type,
        _ => Kind::Name,
    }
}
