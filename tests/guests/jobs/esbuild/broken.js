import { missing } from "./src/words.cjs";
import absent from "./absent.js";
const value = 1;
value = 2;
let twice = 1;
let twice = 2;
function open( {
