export { editDistance, nearest } from "../../base/nearest.ts";
