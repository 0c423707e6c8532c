// Rules of this house that oxlint does not have. Loaded by oxlint.config.ts.

const forbiddenName = /^I[A-Z][a-z]|(Manager|Helper|Util|Utils|Common|Abstract|Impl|Factory|Handler|Processor|Data|Info)(?![a-z])/;

const builtInErrors = new Set([
  'Error',
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
]);

/** `Error` is for `src/base` only: everywhere else a `Fault` says what is wrong and what to do. */
const noPlainError = {
  create: (context) => {
    const check = (node) => {
      if (node.callee.type === 'Identifier' && builtInErrors.has(node.callee.name)) {
        context.report({ node, message: `Throw a fault(kind, CODE, message, { remedy }) from #base/fault.ts, not ${node.callee.name}.` });
      }
    };
    return { NewExpression: check, CallExpression: check };
  },
};

/** Behaviour is shared by functions and contracts, not by inheritance. */
const noInheritance = {
  create: (context) => {
    const check = (node) => {
      if (node.superClass && !(node.superClass.type === 'Identifier' && node.superClass.name === 'Error')) {
        context.report({ node: node.superClass, message: 'A class extends nothing but Error: take what it needs as an argument.' });
      }
    };
    return { ClassDeclaration: check, ClassExpression: check };
  },
};

/** Words that say nothing about what a thing is. Names of types, classes and functions. */
const tellingNames = {
  create: (context) => {
    const check = (node) => {
      if (node.id && forbiddenName.test(node.id.name)) {
        context.report({ node: node.id, message: `${node.id.name}: name what it is or does; see "Names" in CONTRIBUTING.md.` });
      }
    };
    return { ClassDeclaration: check, FunctionDeclaration: check, TSInterfaceDeclaration: check, TSTypeAliasDeclaration: check };
  },
};

/** What erases to nothing cannot be run by Node without a build. tsc says so too; this one also covers files that tsc does not read. */
const erasableOnly = {
  create: (context) => {
    const refuse = (what) => (node) => context.report({ node, message: `${what} cannot be run by type stripping.` });
    return {
      TSEnumDeclaration: refuse('An enum'),
      TSModuleDeclaration: refuse('A namespace'),
      TSParameterProperty: refuse('A parameter property'),
    };
  },
};

export default {
  meta: { name: 'house' },
  rules: {
    'no-plain-error': noPlainError,
    'no-inheritance': noInheritance,
    'telling-names': tellingNames,
    'erasable-only': erasableOnly,
  },
};
