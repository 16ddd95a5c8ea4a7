export const Item = ({ name, ...props }) => <li {...props} key={name}>{name}: &nbsp;{props.children}</li>;
export const list = <><Item name="a" /><Item name="b">text</Item></>;
