"""Items that are back in stock: who asked to hear of them, the mail, its coupon, and the optional text."""
