import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  {
    ignores: [
      "**/node_modules/",
      "**/dist/",
      ".athanor/",
      "artifacts/",
      "cache/",
      "coverage/",
      // AssemblyScript, which its own compiler checks.
      "engine/kernels/",
      "types/",
      "ignition/deployments/",
      "sdk/src/generated/",
    ],
  },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-console": "off",
      "no-undef": "off",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/prefer-readonly": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Numbers and big integers read well in messages; what must not slip in is "[object Object]".
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/restrict-plus-operands": ["error", { allowNumberAndString: false }],
      // noUncheckedIndexedAccess makes the `!` after an index whose bounds the loop has just proven unavoidable.
      "@typescript-eslint/no-non-null-assertion": "off",
      // `return stop()` in a function that returns nothing is shorter than two statements and as clear.
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["**/*.test.ts", "**/testing/**"],
    rules: {
      // Fixtures are closures in an object, taken apart where they are used.
      "@typescript-eslint/unbound-method": "off",
      // chai asserts by getters, such as `.to.be.empty`.
      "@typescript-eslint/no-unused-expressions": "off",
    },
  },
  {
    // typescript-eslint does not see casts in JSDoc; tsc does.
    files: ["**/*.mjs"],
    rules: Object.fromEntries(
      ["argument", "assignment", "call", "member-access", "return"].map((use) => [
        `@typescript-eslint/no-unsafe-${use}`,
        "off",
      ]),
    ),
  },
  {
    // The entry of the launcher is read by Node.js versions that know no newer syntax.
    files: ["scripts/launch/run.mjs"],
    rules: {
      "no-var": "off",
      "object-shorthand": "off",
      "prefer-template": "off",
      "@typescript-eslint/prefer-optional-chain": "off",
      "@typescript-eslint/use-unknown-in-catch-callback-variable": "off",
    },
  },
);
