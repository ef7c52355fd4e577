"""Names beside the registered one under which a customer's mailings go, once our staff have approved them."""
