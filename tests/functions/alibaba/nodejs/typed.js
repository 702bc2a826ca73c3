"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.handler = void 0;
function refuse(order) {
    // Compiled with `tsc --target es2020 --module commonjs --sourceMap`.
    throw new Error("from TypeScript");
}
const handler = async (event) => {
    const order = event.length ? JSON.parse(String(event)) : null;
    return refuse(order);
};
exports.handler = handler;
//# sourceMappingURL=typed.js.map