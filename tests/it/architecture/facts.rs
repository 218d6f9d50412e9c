//! What one source file says: the paths it mentions, resolved, its macros, functions and modules. Code under
//! `#[cfg(test)]` is passed over. No rule is decided here.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, Meta, UseTree};

use super::tree::Names;

#[derive(Default)]
pub struct Facts {
    pub mentions: Vec<Mention>,
    /// Names of macros that are called, with their lines.
    pub macros: Vec<(String, usize)>,
    /// Names of functions, with their first line and their length in lines.
    pub functions: Vec<(String, usize, usize)>,
    /// Names of modules that are declared.
    pub modules: Vec<(String, usize)>,
    /// Lines with the word `unsafe`.
    pub unsafes: Vec<usize>,
}

/// A path that is imported or written out.
pub struct Mention {
    /// From the crate's root on; or from a foreign crate on.
    pub names: Names,
    pub ours: bool,
    pub line: usize,
}

impl Facts {
    pub fn of(file: &syn::File, module: &Names, modules: &HashSet<Names>, is_main: bool) -> Self {
        let scope = Scope { modules, is_main, module: module.clone(), aliases: HashMap::new(), globs: Vec::new() };
        let mut reader = Reader { scope, facts: Self::default() };
        reader.bind(&file.items);
        reader.visit_file(file);
        reader.facts
    }
}

/// The modules without a body that this file declares with `#[cfg(test)]`.
pub fn test_modules(at: &Names, file: &syn::File) -> Vec<Names> {
    let names = file.items.iter().filter_map(|item| match item {
        Item::Mod(module) if module.content.is_none() && is_test(&module.attrs) => Some(module.ident.to_string()),
        _ => None,
    });
    names.map(|name| joined(at, &[name])).collect()
}

/// What a name means at a point of a file.
struct Scope<'a> {
    modules: &'a HashSet<Names>,
    /// The binary's file calls the library by its name.
    is_main: bool,
    module: Names,
    aliases: HashMap<String, (Names, bool)>,
    globs: Vec<Names>,
}

impl Scope<'_> {
    /// The path from the crate's root, and whether it is ours.
    fn resolve(&self, names: &[String]) -> (Names, bool) {
        let Some((first, rest)) = names.split_first() else { return (Names::new(), true) };
        match first.as_str() {
            "crate" => return (rest.to_vec(), true),
            "zen" if self.is_main => return (rest.to_vec(), true),
            "self" => return (joined(&self.module, rest), true),
            "super" => {
                let ups = names.iter().take_while(|name| *name == "super").count();
                let parent = &self.module[..self.module.len().saturating_sub(ups)];
                return (joined(parent, &names[ups..]), true);
            }
            _ => {}
        }
        if let Some((base, ours)) = self.aliases.get(first) {
            return (joined(base, rest), *ours);
        }
        let bases = std::iter::once(&self.module).chain(&self.globs);
        let found = bases.map(|base| joined(base, &names[..1])).find(|path| self.modules.contains(path));
        found.map_or_else(|| (names.to_vec(), false), |path| (joined(&path, rest), true))
    }
}

struct Reader<'a> {
    scope: Scope<'a>,
    facts: Facts,
}

impl Reader<'_> {
    /// Learns the names that `use` gives to paths, before the paths that begin with them are met.
    fn bind(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Use(item) if !is_test(&item.attrs) => {
                    for (names, alias, _) in flattened(&item.tree) {
                        let (path, ours) = self.scope.resolve(&names);
                        if alias == "*" {
                            self.scope.globs.push(path);
                        } else {
                            self.scope.aliases.insert(alias, (path, ours));
                        }
                    }
                }
                Item::Mod(module) if !is_test(&module.attrs) => {
                    if let Some((_, items)) = &module.content {
                        self.within(module.ident.to_string(), |reader| reader.bind(items));
                    }
                }
                _ => {}
            }
        }
    }

    fn within(&mut self, module: String, run: impl FnOnce(&mut Self)) {
        self.scope.module.push(module);
        run(self);
        self.scope.module.pop();
    }

    fn mention(&mut self, names: &[String], span: Span) {
        let (names, ours) = self.scope.resolve(names);
        self.facts.mentions.push(Mention { names, ours, line: line(span) });
    }

    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = line(signature.fn_token.span);
        let last = body.brace_token.span.close().end().line;
        self.facts.functions.push((signature.ident.to_string(), first, last - first + 1));
    }

    fn safety(&mut self, word: Option<syn::Token![unsafe]>) {
        self.facts.unsafes.extend(word.map(|word| line(word.span)));
    }

    /// Reads what syn leaves unparsed: paths and macro calls among the words of a macro.
    fn words(&mut self, tokens: TokenStream) {
        let mut path: Vec<(String, Span)> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_of(&mut path);
                    }
                    path.push((ident.to_string(), ident.span()));
                    colons = 0;
                }
                other => {
                    if let (TokenTree::Punct(punct), Some((name, span))) = (&other, path.last())
                        && punct.as_char() == '!'
                    {
                        self.facts.macros.push((name.clone(), line(*span)));
                    }
                    self.end_of(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.words(group.stream());
                    }
                }
            }
        }
        self.end_of(&mut path);
    }

    fn end_of(&mut self, path: &mut Vec<(String, Span)>) {
        if let Some((name, span)) = path.first().cloned() {
            if name == "unsafe" {
                self.facts.unsafes.push(line(span));
            }
            let names: Names = path.drain(..).map(|(name, _)| name).collect();
            self.mention(&names, span);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let is_test = matches!(item, ImplItem::Fn(function) if is_test(&function.attrs));
        if !is_test {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        self.facts.modules.push((name.clone(), line(module.ident.span())));
        self.within(name, |reader| visit::visit_item_mod(reader, module));
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for (names, _, span) in flattened(&item.tree) {
            self.mention(&names, span);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            self.mention(&names, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = call.path.segments.last() {
            self.facts.macros.push((name.ident.to_string(), line(name.ident.span())));
        }
        self.words(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.safety(signature.unsafety);
        visit::visit_signature(self, signature);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.safety(Some(block.unsafe_token));
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.safety(item.unsafety);
        visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.safety(item.unsafety);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_foreign_mod(&mut self, item: &'ast syn::ItemForeignMod) {
        self.safety(item.unsafety);
        visit::visit_item_foreign_mod(self, item);
    }
}

/// The paths of a `use`, each with the name it gets here; `*` for all that is inside.
fn flattened(tree: &UseTree) -> Vec<(Names, String, Span)> {
    match tree {
        UseTree::Path(path) => {
            let name = path.ident.to_string();
            let below = flattened(&path.tree).into_iter();
            below
                .map(|(names, alias, _)| (joined(std::slice::from_ref(&name), &names), alias, path.ident.span()))
                .map(fixed)
                .collect()
        }
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string(), name.ident.span())],
        UseTree::Rename(name) => vec![(vec![name.ident.to_string()], name.rename.to_string(), name.ident.span())],
        UseTree::Glob(glob) => vec![(Names::new(), "*".to_owned(), glob.star_token.span)],
        UseTree::Group(group) => group.items.iter().flat_map(flattened).collect(),
    }
}

/// `a::{self}` is `a`, under its own name.
fn fixed((mut names, alias, span): (Names, String, Span)) -> (Names, String, Span) {
    if names.len() > 1 && names.last().is_some_and(|last| last == "self") {
        names.pop();
    }
    let alias = if alias == "self" { names.last().cloned().unwrap_or(alias) } else { alias };
    (names, alias, span)
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_test = |meta: &Meta| meta.path().is_ident("test");
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        match attribute.parse_args::<Meta>() {
            Ok(Meta::List(list)) if list.path.is_ident("all") => {
                let all = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
                list.parse_args_with(all).is_ok_and(|all| all.iter().any(is_test))
            }
            Ok(meta) => is_test(&meta),
            Err(_) => false,
        }
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn joined(base: &[String], rest: &[String]) -> Names {
    base.iter().chain(rest).cloned().collect()
}

fn line(span: Span) -> usize {
    span.start().line
}
