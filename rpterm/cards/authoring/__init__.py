"""Creates and changes card files on behalf of their author."""
