//! From trees to steps: names are resolved, indicators are shared, warm-up is counted.

use std::collections::BTreeMap;

use qtp_core::{DocumentProblem, Expression, ExpressionKind, Operation, Timeframe, nearest};

use super::fact::Fact;
use super::node::{Node, Pair};
use super::{Evaluator, Handle, Ring};
use crate::registry::catalogue;
use crate::{Source, Spec, SpecError, resample::HigherIndicator};

/// Most different indicators of one evaluator.
const MAX_INDICATORS: usize = 64;
/// Most steps of one evaluator.
const MAX_NODES: usize = 2_000;
/// Longest warm-up in candles.
const MAX_WARMUP: usize = 1_000_000;

/// Gathers expressions over candles of one timeframe into an [`Evaluator`].
#[derive(Debug)]
pub struct EvaluatorBuilder {
    timeframe: Timeframe,
    /// Indicators that the document gave a name.
    named: BTreeMap<String, Spec>,
    /// Which indicator a canonical spec is.
    known: BTreeMap<String, usize>,
    indicators: Vec<HigherIndicator>,
    nodes: Vec<Node>,
    lists: Vec<usize>,
    rings: Vec<Ring>,
    /// The deepest look back anywhere, in candles.
    look_back: usize,
}

type Built<T> = Result<T, DocumentProblem>;

fn refused<T>(problem: impl Into<String>) -> Built<T> {
    Err(DocumentProblem::new("", problem))
}

impl EvaluatorBuilder {
    /// A builder for candles of a timeframe.
    #[must_use]
    pub const fn new(timeframe: Timeframe) -> Self {
        Self {
            timeframe,
            named: BTreeMap::new(),
            known: BTreeMap::new(),
            indicators: Vec::new(),
            nodes: Vec::new(),
            lists: Vec::new(),
            rings: Vec::new(),
            look_back: 0,
        }
    }

    /// Gives a spec a name: expressions may then say `fast`, or `bands.upper` where the spec has several outputs.
    ///
    /// # Errors
    /// A name that means something else already, or a spec that cannot be run over these candles.
    pub fn name(&mut self, name: &str, spec: &str) -> Built<()> {
        if Source::NAMES.iter().any(|(known, _)| *known == name)
            || Fact::NAMES.iter().any(|(known, _)| *known == name)
        {
            return refused(format!("`{name}` is a value of the candle or the position already"));
        }
        let spec = parse(spec)?;
        // Checked here, so that a name that no expression uses is no hiding place for a mistake.
        self.runner(&spec)?;
        self.named.insert(name.to_owned(), spec);
        Ok(())
    }

    /// Adds an expression.
    ///
    /// # Errors
    /// The first problem, with its JSON pointer within the expression.
    pub fn add(&mut self, expression: &Expression, kind: ExpressionKind) -> Built<Handle> {
        expression.check(kind)?;
        self.part(expression).map(Handle)
    }

    /// Adds an indicator's one output.
    ///
    /// # Errors
    /// A spec that is unknown, or has several outputs and names none.
    pub fn add_indicator(&mut self, spec: &str) -> Built<Handle> {
        self.value(spec).map(Handle)
    }

    /// The evaluator, before its first candle.
    #[must_use]
    pub fn build(self) -> Evaluator {
        let warm = self.indicators.iter().map(HigherIndicator::warmup).max().unwrap_or(1);
        let unknown = vec![f64::NAN; self.nodes.len()];
        Evaluator {
            indicators: self.indicators,
            nodes: self.nodes,
            lists: self.lists,
            values: unknown.clone(),
            previous: unknown,
            rings: self.rings,
            seen: 0,
            warmup: warm.saturating_add(self.look_back),
        }
    }

    fn part(&mut self, expression: &Expression) -> Built<usize> {
        match expression {
            Expression::Number(number) => self.push(Node::Number(*number)),
            Expression::Name(name) => self.value(name),
            Expression::Call(operation, arguments) => {
                let place = |index: usize| match operation {
                    Operation::Not | Operation::Absolute => format!("/{}", operation.name()),
                    _ => format!("/{}/{index}", operation.name()),
                };
                if let (Operation::Previous, [of, Expression::Number(candles)]) =
                    (operation, arguments.as_slice())
                {
                    let of = self.part(of).map_err(|problem| problem.within(&place(0)))?;
                    return self.previous(of, *candles as usize);
                }
                let mut parts = Vec::with_capacity(arguments.len());
                for (index, argument) in arguments.iter().enumerate() {
                    let part = self.part(argument).map_err(|problem| problem.within(&place(index)))?;
                    parts.push(part);
                }
                self.call(*operation, &parts)
            }
        }
    }

    fn call(&mut self, operation: Operation, parts: &[usize]) -> Built<usize> {
        let node = match (operation, parts) {
            (Operation::All | Operation::Any, parts) => {
                let from = self.lists.len();
                self.lists.extend(parts);
                let to = self.lists.len();
                if operation == Operation::All { Node::All { from, to } } else { Node::Any { from, to } }
            }
            (Operation::Not, [a]) => Node::Not(*a),
            (Operation::Absolute, [a]) => Node::Absolute(*a),
            (Operation::CrossesAbove | Operation::CrossesBelow, [a, b]) => {
                self.look_back = self.look_back.max(1);
                Node::Cross { above: operation == Operation::CrossesAbove, a: *a, b: *b }
            }
            (operation, [a, b]) => match Pair::of(operation) {
                Some(pair) => Node::Pair(pair, *a, *b),
                None => return refused(format!("`{}` cannot be used here", operation.name())),
            },
            (operation, parts) => {
                return refused(format!("`{}` does not take {} arguments", operation.name(), parts.len()));
            }
        };
        self.push(node)
    }

    fn previous(&mut self, of: usize, candles: usize) -> Built<usize> {
        self.look_back = self.look_back.max(candles);
        self.rings.push(Ring { of, values: vec![f64::NAN; candles.max(1)], at: 0 });
        self.push(Node::Previous(self.rings.len() - 1))
    }

    fn push(&mut self, node: Node) -> Built<usize> {
        if self.nodes.len() == MAX_NODES {
            return refused(format!("more than {MAX_NODES} parts in all expressions together"));
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// A candle's field, a fact, a named indicator or a spec.
    fn value(&mut self, name: &str) -> Built<usize> {
        let name = name.trim();
        if let Some((_, source)) = Source::NAMES.iter().find(|(known, _)| *known == name) {
            return self.push(Node::Candle(*source));
        }
        if let Some((_, fact)) = Fact::NAMES.iter().find(|(known, _)| *known == name) {
            return self.push(Node::Fact(*fact));
        }
        let (base, output) = match name.split_once('.') {
            Some((base, output)) if self.named.contains_key(base) => (base, Some(output)),
            _ => (name, None),
        };
        let spec = match (self.named.get(base), output) {
            (Some(spec), None) => spec.clone(),
            (Some(spec), Some(_)) if spec.output().is_some() => {
                return refused(format!("`{base}` is one output already: {spec}"));
            }
            (Some(spec), Some(output)) => parse(&format!("{spec}.{output}"))?,
            (None, _) => parse(name).map_err(|problem| self.unknown(name, problem))?,
        };
        self.indicator(&spec)
    }

    fn indicator(&mut self, spec: &Spec) -> Built<usize> {
        let outputs = spec.info().outputs;
        if spec.output().is_none() && outputs.len() > 1 {
            let names: Vec<String> = outputs.iter().map(|output| format!(".{}", output.name)).collect();
            return refused(format!("`{spec}` has several outputs: add one of {}", names.join(", ")));
        }
        // However often it is written, it runs once.
        let canonical = spec.canonical();
        let index = match self.known.get(&canonical) {
            Some(index) => *index,
            None => {
                let runner = self.runner(spec)?;
                if self.indicators.len() == MAX_INDICATORS {
                    return refused(format!("more than {MAX_INDICATORS} different indicators"));
                }
                self.indicators.push(runner);
                self.known.insert(canonical, self.indicators.len() - 1);
                self.indicators.len() - 1
            }
        };
        self.push(Node::Indicator { index, column: 0 })
    }

    fn runner(&self, spec: &Spec) -> Built<HigherIndicator> {
        let built = spec.build().and_then(|indicator| HigherIndicator::new(indicator, self.timeframe));
        let runner = built.map_err(|error| problem(spec.text(), &error))?;
        if runner.warmup() > MAX_WARMUP {
            return refused(format!(
                "`{spec}` needs {} candles before its first value, at most {MAX_WARMUP} are allowed",
                runner.warmup()
            ));
        }
        Ok(runner)
    }

    /// An unknown name may be a slip of any kind of name.
    fn unknown(&self, name: &str, problem: DocumentProblem) -> DocumentProblem {
        if name.contains(['(', '.', '@']) {
            return problem;
        }
        let own = self.named.keys().map(String::as_str);
        let fields = Source::NAMES.iter().map(|(name, _)| *name);
        let facts = Fact::NAMES.iter().map(|(name, _)| *name);
        let near = nearest(name, own.chain(fields).chain(facts).chain(catalogue().map(|info| info.name)));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        DocumentProblem::new("", format!("unknown value `{name}`{near}"))
    }
}

fn parse(spec: &str) -> Built<Spec> {
    spec.parse().map_err(|error| problem(spec, &error))
}

fn problem(spec: &str, error: &SpecError) -> DocumentProblem {
    DocumentProblem::new("", format!("indicator `{spec}`: {error}"))
}
